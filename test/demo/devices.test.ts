import { expect, test } from 'vitest'
import { createDevices } from '../../dev/demo/devices.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import type { HeldSessions } from '../../dev/mailhost/sessions.ts'

/** A server that lets everybody in, and ends all sessions when it is told to, as a reload does. */
function patientServer() {
  let era = 0
  const holdImapSessions = async (): Promise<HeldSessions> => {
    const mine = era
    return {
      held: 1,
      refused: 0,
      results: [{ state: 'held' }],
      farewells: () => [],
      stillOpen: () => (mine === era ? 1 : 0),
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  return {
    host: { holdImapSessions } as unknown as MailHost,
    endAll: () => {
      era += 1
    },
  }
}

test('devices whose sessions the server ended are settled when all are connected again', async () => {
  const { host, endAll } = patientServer()
  await using devices = createDevices(host)
  await devices.switchOn({ user: 'taro@example.com', from: '127.0.0.1' }, 12, 'try-again')
  endAll()
  await devices.switchOn({ user: 'taro@example.com', from: '127.0.0.1' }, 1, 'give-up')
  expect(devices.connected('taro@example.com')).toBe(1)
  await devices.settled('taro@example.com')
  expect(devices.connected('taro@example.com')).toBe(13)
})
