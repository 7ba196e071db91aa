import { afterAll, beforeAll } from 'vitest'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { localHostStream } from '../../src/hosts/local-host-stream.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { HostStream } from '../../src/logs/host-stream.ts'
import { logSourceContract } from '../contract/log-source.ts'
import { forgeEntry } from './journal-entries.ts'
import { seenFromOutside } from './host-state.ts'
import { type HostUnderTest, hostUnderTest } from './log-under-test.ts'

/** A bot on the host itself opens the paths that the helper names; here they have to be looked for in `root`. */
function seenFrom(root: string, stream: HostStream): HostStream {
  return {
    async files() {
      return (await stream.files()).map((file) => ({ ...file, path: root + file.path }))
    },
    follow: (request, signal) =>
      stream.follow(
        request.kind === 'file' ? { ...request, path: request.path.slice(root.length) } : request,
        signal,
      ),
  }
}

if (!noMailHosts()) {
  let on: HostUnderTest
  beforeAll(async () => {
    on = await hostUnderTest('socket')
  })
  afterAll(() => on?.[Symbol.asyncDispose]())

  const live = (root: string) => localHostStream(seenFrom(root, on.opened.hostStream), systemClock)

  logSourceContract('npm’s tail, where the bot may read the log', {
    kind: 'file',
    open: () => on.files(live(seenFromOutside(on.host, ''))),
  })
  logSourceContract('the helper’s socket, where it may not', {
    kind: 'file',
    open: () => on.files(live('/nowhere')),
  })
  logSourceContract('the helper’s socket, from the journal', {
    kind: 'journal',
    open: () => on.journal(live('')),
    forge: (text) => forgeEntry(on.host, text),
  })
}
