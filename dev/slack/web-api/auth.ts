import { app, type World } from '../world.ts'
import type { Args } from './args.ts'
import type { Answer, ApiMethod } from './method.ts'

export const authMethods: Readonly<Record<string, ApiMethod>> = {
  'auth.test': { token: 'either', run: test },
  'api.test': { token: 'none', run: (_world, args) => ({ args }) },
}

function test(world: World, _args: Args, caller: 'bot' | 'app' | 'nobody'): Answer {
  if (caller === 'app') return { app_name: app.name, app_id: app.id }
  return {
    url: `${world.origin}/`,
    team: app.teamName,
    user: app.name,
    team_id: app.teamId,
    user_id: app.botUserId,
    bot_id: app.botId,
    is_enterprise_install: false,
  }
}
