import { existsSync } from 'node:fs'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { MailHost } from '../../../dev/mailhost/mail-host.ts'
import { runChecked } from '../../../dev/mailhost/run.ts'

const CHECKOUT = resolve(import.meta.dirname, '../../..')
const PLACE = '/opt/maillimit'
const ACCOUNT = 'bot'
/** Whoever starts it is killed: so is it. */
const LEASH = ['setpriv', '--pdeathsig', 'KILL']

export type BotOnHost = {
  readonly environment: Readonly<Record<string, string>>
  /** Its database, as seen from this machine. */
  readonly storePath: string
  /** What starts it, on this machine. */
  readonly command: () => readonly string[]
}

/**
 * Installs the bot on the mail host as an administrator would: a copy of the checkout and of Node, an account in the group `maillimit`, and,
 * if it shall read the log itself, in `adm`. It has the host's files, processes and names, but this machine's network, where the
 * workspace is.
 */
export async function installBot(host: MailHost, readsLog: boolean): Promise<BotOnHost> {
  const root = join(dirname(host.filesFolder), 'root')
  const place = join(root, PLACE)
  await mkdir(join(place, 'lib'), { recursive: true })
  for (const part of ['bin', 'src', 'package.json', ...(await modulesOfTheBot())]) {
    await cp(join(CHECKOUT, part), join(place, part), { recursive: true })
  }
  await cp(process.execPath, join(place, 'node'))
  for (const library of await librariesOfNode()) {
    await cp(library, join(place, 'lib', library.slice(library.lastIndexOf('/') + 1)), { dereference: true })
  }
  const groups = readsLog ? 'maillimit,adm' : 'maillimit'
  await host.run(['useradd', '--system', '--user-group', '--no-create-home', '--groups', groups, ACCOUNT])
  await host.run(['install', '-d', '-o', ACCOUNT, '-g', ACCOUNT, '-m', '0700', `${PLACE}/state`])
  return {
    environment: {
      MAIL_HOSTS: 'local',
      HOME: `${PLACE}/state`,
      STATE_DB: `${PLACE}/state/maillimit.db`,
      LD_LIBRARY_PATH: `${PLACE}/lib`,
    },
    storePath: join(place, 'state/maillimit.db'),
    command: () => {
      const enter = `nsenter --target ${host.leaderPid()} -m -u -i -p -r -w --`.split(' ')
      const become = `--reuid ${ACCOUNT} --regid ${ACCOUNT} --init-groups --`.split(' ')
      const program = [`${PLACE}/node`, `${PLACE}/bin/maillimit.js`, 'run']
      return [...LEASH, ...enter, ...LEASH, ...become, ...program]
    },
  }
}

async function modulesOfTheBot(): Promise<readonly string[]> {
  const lock = JSON.parse(await readFile(join(CHECKOUT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>
  }
  return Object.entries(lock.packages)
    .filter(
      ([path, { dev = false, devOptional = false }]) =>
        path.startsWith('node_modules/') && !dev && !devOptional,
    )
    .map(([path]) => path)
    .filter((path) => !path.includes('/node_modules/') && existsSync(join(CHECKOUT, path)))
}

/** A mail host has the C library, but not what else this build of Node may want. */
async function librariesOfNode(): Promise<readonly string[]> {
  const { stdout } = await runChecked(['ldd', process.execPath])
  return [...stdout.matchAll(/=> (\/\S*\/libatomic\S*)/g)].map(([, path = '']) => path)
}
