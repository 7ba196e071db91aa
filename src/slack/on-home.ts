import type { ListenerParts } from './listener-parts.ts'
import { homePayload } from './payloads.ts'
import { letIn } from './settle-click.ts'
import { closedHomeView, homeView } from './views/home.ts'

/** App Home is drawn each time that it is opened, for members of the ops channel alone. */
export async function onHome(parts: ListenerParts, body: unknown): Promise<void> {
  const parsed = homePayload.safeParse(body)
  if (!parsed.success || (parsed.data.event.tab ?? 'home') !== 'home') return
  const userId = parsed.data.event.user
  const { subjects, actions } = parts.desk
  try {
    // The event's team is where the app is installed and says nothing about the person.
    const who = { userId, teamId: undefined, command: { kind: 'home' } as const }
    const person = await letIn({ ...parts, actions }, who, async (why) => {
      await parts.client.views.publish({ user_id: userId, view: closedHomeView(why) })
    })
    if (person === undefined) return
    const [incidents, hosts] = await Promise.all([subjects.openIncidents(), subjects.hosts()])
    await parts.client.views.publish({ user_id: userId, view: homeView(incidents, hosts, parts.clock.now()) })
  } catch (error) {
    parts.log.warn({ error, userId }, 'app home could not be drawn')
  }
}
