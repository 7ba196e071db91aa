import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Client } from 'ssh2'
import type { InstalledHelper } from '../../dev/mailhost/install-helper.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'

/** Questions to one account of a host, all over one connection, which is made when it is needed. */
export type SshQuestions = {
  /** What came back until the channel or the connection was closed; nothing when there is no connection. */
  readonly ask: (input: string) => Promise<string>
  /** Drops the connection without a word, and whatever still waits for it. */
  readonly disconnect: () => void
}

export function sshQuestions(host: MailHost, helper: InstalledHelper): SshQuestions {
  let current: Promise<Client> | undefined

  function connected(): Promise<Client> {
    // Whether it never came about or was closed: the next question is another one's.
    const forget = (): void => {
      if (current === made) current = undefined
    }
    const made = connect(forget)
    made.catch(forget)
    return made
  }

  async function connect(whenClosed: () => void): Promise<Client> {
    const client = new Client()
    const ready = once(client, 'ready')
    client.on('error', () => undefined).on('close', whenClosed)
    client.connect({
      host: host.address,
      port: host.sshPort,
      username: 'maillimit',
      // A host without power says nothing any more.
      keepaliveInterval: 20_000,
      privateKey: await readFile(helper.keyPath),
      hostVerifier: (key: Buffer) => host.hostKeys.some((line) => line.endsWith(key.toString('base64'))),
    })
    await ready
    return client
  }

  return {
    async ask(input) {
      const client = await (current ??= connected()).catch(() => undefined)
      return client === undefined ? '' : answerOf(client, input)
    },
    disconnect() {
      void current?.then((client) => client.destroy()).catch(() => undefined)
      current = undefined
    },
  }
}

/** A shell is asked for, as `ssh HOST` does; the forced command takes its place. */
function answerOf(client: Client, input: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const end = (): void => {
      client.off('close', end)
      resolve(text)
    }
    client.on('close', end)
    try {
      client.shell(false, (error, channel) => {
        if (error !== undefined) return end()
        channel.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        channel.stderr.resume()
        channel.on('close', end)
        channel.end(input)
      })
    } catch {
      // Just being closed.
      end()
    }
  })
}
