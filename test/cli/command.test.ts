import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { emptyFolder, maillimit, startMaillimit } from './maillimit.ts'

const SYSTEM_NODE = '/usr/bin/node'

describe('the command line', () => {
  it('prints help that names every command and every exit code', async () => {
    const { code, stdout, stderr } = await maillimit(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    for (const word of ['run ', 'doctor ', 'report ', 'host ', '.env.example', '3 invalid configuration']) {
      expect(stdout).toContain(word)
    }
  })

  it('prints the same help for "help", and that of a command when it is named', async () => {
    expect(await maillimit(['help'])).toEqual(await maillimit(['--help']))
    expect(await maillimit(['help', 'report'])).toEqual(await maillimit(['report', '--help']))
  })

  it('prints the version of package.json', async () => {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(text) as { version: string }
    expect(await maillimit(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it.each([
    [['docter'], "unknown command 'docter'\n(Did you mean doctor?)"],
    [['host', 'instal', 'mx1'], "unknown command 'instal'\n(Did you mean install?)"],
    [['doctor', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
    [['run', 'mx1'], "too many arguments for 'run'"],
    [['report'], "missing required argument 'FILE'"],
    [['host', 'install'], "missing required argument 'HOST'"],
    [['host', 'install', 'mx1', '--key'], 'argument missing'],
    [['host'], 'Usage: maillimit host'],
  ])('answers %j with what is meant, and exit code 2', async (args, words) => {
    const { code, stdout, stderr } = await maillimit(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(words)
  })

  it('takes no arguments for "run", and names every missing setting at once', async () => {
    const bare = await maillimit([])
    expect(bare).toEqual(await maillimit(['run']))
    expect([bare.code, bare.stdout]).toEqual([3, ''])
    expect(bare.stderr).toContain('4 problems with the settings')
    for (const name of ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_CHANNEL', 'MAIL_HOSTS']) {
      expect(bare.stderr).toMatch(new RegExp(`^ {2}${name}: missing.*\\n {4}\\S`, 'm'))
    }
  })

  it.each(['-oProxyCommand=id', 'mx1;id', '$(id)', 'mx1 mx2', ''])(
    'takes %j for no host to install on, and starts nothing',
    async (host) => {
      const { code, stdout, stderr } = await maillimit(['host', 'install', '--', host])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/names no host/)
    },
  )
})

describe('a Node that is too old', () => {
  const wanted =
    /^maillimit: Node 20\.\S+ cannot run TypeScript by itself; 22\.18 or later is needed\. Run "npm ci"/

  it('is told so in one line, with exit code 1', async () => {
    await using folder = await emptyFolder()
    const pretend = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.0'}})"
    const options = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}` }
    const { code, stdout, stderr } = await startMaillimit(['--help'], options, folder.path).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(wanted)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it.skipIf(!systemNodeIsOld())('is told so on the Node 20 of Debian, too', async () => {
    await using folder = await emptyFolder()
    const { code, stdout, stderr } = await startMaillimit(['--help'], {}, folder.path, SYSTEM_NODE).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(wanted)
  })
})

function systemNodeIsOld(): boolean {
  try {
    if (execFileSync(SYSTEM_NODE, ['--version'], { encoding: 'utf8' }).startsWith('v20.')) return true
  } catch {
    // There is none.
  }
  console.warn(`skipped: ${SYSTEM_NODE} is no Node 20 (the same is tried with a pretended one)`)
  return false
}
