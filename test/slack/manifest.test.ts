import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { neededScopes } from '../../src/slack/who-am-i.ts'

const root = join(import.meta.dirname, '../..')
const manifest = parse(readFileSync(join(root, 'manifest.yml'), 'utf8')) as {
  oauth_config: { scopes: { bot: string[] } }
  features: {
    slash_commands: { command: string; should_escape: boolean }[]
    app_home: { home_tab_enabled: boolean }
  }
  settings: {
    socket_mode_enabled: boolean
    interactivity: { is_enabled: boolean }
    event_subscriptions: { bot_events: string[] }
  }
}

describe('the manifest', () => {
  it('is valid against the schema of slack app manifests', () => {
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, 'manifest-schema.json'), 'utf8'),
    ) as object
    // Slack's schema has keywords and formats of its own.
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)
    validate(manifest)
    expect(validate.errors).toBeNull()
    expect(validate({ ...manifest, features: { slash_commands: [{ command: 'no-slash' }] } })).toBe(false)
  })

  it('asks for the scopes that the bot needs, and no more than the optional ones besides', () => {
    const asked = manifest.oauth_config.scopes.bot
    expect(neededScopes.filter((scope) => !asked.includes(scope))).toEqual([])
    expect(asked.filter((scope) => !neededScopes.includes(scope))).toEqual([
      'channels:history',
      'groups:history',
    ])
  })

  it('switches on what clicks, commands and App Home need', () => {
    expect(manifest.settings).toMatchObject({
      socket_mode_enabled: true,
      interactivity: { is_enabled: true },
      event_subscriptions: { bot_events: ['app_home_opened'] },
    })
    expect(manifest.features.app_home.home_tab_enabled).toBe(true)
    expect(manifest.features.slash_commands).toMatchObject([{ command: '/maillimit', should_escape: false }])
  })
})
