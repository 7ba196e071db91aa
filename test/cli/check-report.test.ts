import { describe, expect, it } from 'vitest'
import { type Finding, doing, fail, ok } from '../../src/cli/check.ts'
import { printSections } from '../../src/cli/check-report.ts'
import { FakeClock, settled } from '../lib/fake-clock.ts'

type Hand = {
  readonly findings: AsyncGenerator<Finding>
  readonly say: (finding: Finding) => void
  readonly end: () => void
}

/** A section that says what the test lets it say. */
function byHand(): Hand {
  const said: Finding[] = []
  let over = false
  let news = Promise.withResolvers<void>()
  const tell = () => {
    news.resolve()
    news = Promise.withResolvers()
  }
  async function* findings(): AsyncGenerator<Finding> {
    for (;;) {
      const next = said.shift()
      if (next !== undefined) yield next
      else if (over) return
      else await news.promise
    }
  }
  return {
    findings: findings(),
    say(finding) {
      said.push(finding)
      tell()
    },
    end() {
      over = true
      tell()
    },
  }
}

function report() {
  const lines: string[] = []
  const progress: string[] = []
  return {
    lines,
    progress,
    out: { print: (line: string) => lines.push(line), progress: (line: string) => progress.push(line) },
  }
}

describe('the report of checks', () => {
  it('prints a line as soon as it is known, and a later section only when its turn has come', async () => {
    const { lines, out } = report()
    const [first, second] = [byHand(), byHand()]
    const done = printSections(
      [
        { title: 'One', findings: first.findings },
        { title: 'Two', findings: second.findings },
      ],
      out,
      new FakeClock(),
    )
    second.say(ok('early'))
    second.end()
    first.say(ok('a'))
    await settled()
    expect(lines).toEqual(['One', '  ok   a'])
    first.say(fail('b', 'mend it', 'again'))
    first.end()
    expect(await done).toEqual([
      { title: 'One', checks: [ok('a'), fail('b', 'mend it', 'again')] },
      { title: 'Two', checks: [ok('early')] },
    ])
    expect(lines.slice(2)).toEqual([
      '  FAIL b',
      '         mend it',
      '         again',
      '',
      'Two',
      '  ok   early',
      '',
    ])
  })

  it('says what it waits for after each two seconds of silence, and leaves no timer behind', async () => {
    const { progress, out } = report()
    const clock = new FakeClock()
    const host = byHand()
    const done = printSections([{ title: 'Mail host mx1', findings: host.findings }], out, clock)
    host.say(doing('connecting to mx1'))
    await clock.advance(1_999)
    expect(progress).toEqual([])
    await clock.advance(2_500)
    expect(progress).toEqual(['  …    connecting to mx1 (2 s)', '  …    connecting to mx1 (4 s)'])
    host.say(ok('there'))
    await clock.advance(100)
    host.end()
    await done
    expect(progress).toHaveLength(2)
    expect(clock.waiting).toBe(0)
  })

  it('passes a fault of our own on', async () => {
    const { out } = report()
    async function* broken(): AsyncGenerator<Finding> {
      yield ok('so far')
      throw new TypeError('a bug')
    }
    const done = printSections([{ title: 'One', findings: broken() }], out, new FakeClock())
    await expect(done).rejects.toThrow('a bug')
  })
})
