import { afterAll, beforeAll } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { logSourceContract } from '../contract/log-source.ts'
import { forgeEntry } from './journal-entries.ts'
import { type HostUnderTest, hostUnderTest } from './log-under-test.ts'

if (!noMailHosts()) {
  let on: HostUnderTest
  beforeAll(async () => {
    on = await hostUnderTest('ssh')
  })
  afterAll(() => on?.[Symbol.asyncDispose]())

  logSourceContract('ssh', { kind: 'file', open: () => on.files(on.opened.hostStream) })
  logSourceContract('ssh, from the journal', {
    kind: 'journal',
    open: () => on.journal(on.opened.hostStream),
    forge: (text) => forgeEntry(on.host, text),
  })
}
