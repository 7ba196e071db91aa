import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validateBlocks, validateView } from '../../dev/slack/validate/validate.ts'
import { blocksOf } from '../../src/slack/views/blocks.ts'
import { noticePage } from '../../src/slack/views/notice.ts'
import { fallback } from '../../src/slack/views/span.ts'
import { asIs, everyPage, everyView, type Forge, forgery } from './every-page.ts'
import { canary, dangers, dangersOfFallback } from './inert-blocks.ts'
import { aNotice } from './subjects.ts'

const forms = ['rich', 'classic'] as const

const forgedNames = [
  '<!channel>',
  '<!here|x>',
  '<@U123ABC>',
  '<#C123ABC|general>',
  '<!subteam^S0APPROVERS>',
  '<https://evil.example/|click>',
  '@here',
  '@channel',
  '#general',
  'http://evil.example/',
  'evil.example',
  'mailto:a@evil.example',
  '*bold*',
  '_italic_',
  '~gone~',
  '`code`',
  '```block```',
  '> quote',
  ':skull:',
  '<!date^0^{date}|x>',
  '&lt;!channel&gt;',
  '\u202Egnp.exe',
  '\u2066x\u2069',
  'a\u200Bb\u00ADc\uFEFF',
  'x\u0000\u0007\u001B[31m',
  'z\u0336\u0336\u0336\u0336\u0336\u0336\u0336',
  '\uD800 lone',
  'line\nbreak\r\nand\ttab',
  '   ',
  '',
  '{"type":"mrkdwn"}',
]

describe('every view', () => {
  it.each(everyPage)('$name fits what slack takes, in every form', ({ make }) => {
    for (const form of forms) {
      const blocks = blocksOf(make(asIs), form)
      expect(validateBlocks(blocks, 'message')).toEqual([])
      expect(dangers(blocks)).toEqual([])
    }
  })

  it.each(everyView)('$name fits what slack takes', ({ make }) => {
    expect(validateView(make(asIs))).toEqual([])
    expect(dangers(make(asIs))).toEqual([])
  })

  it.each(forgedNames)('makes nothing of the name %j', (name) => {
    for (const text of [name, `${canary}${name}`, `${name}${canary}`]) {
      expect(harm(forgery(text))).toEqual([])
    }
  })

  it.each(['<!channel>', '&', '\u{1F469}\u200D\u{1F4BB}', 'z\u0336\u0336'])(
    'makes nothing of 10 kB of %j',
    (name) => {
      expect(harm(forgery(`${canary}${name.repeat(10_000 / name.length)}`))).toEqual([])
    },
  )

  it('carries text from outside into every page that has any, so that the tests above see it', () => {
    const without = everyPage.filter(
      ({ make }) => !JSON.stringify(blocksOf(make(forgery(canary)), 'rich')).includes(canary),
    )
    expect(without.map(({ name }) => name)).toEqual(['hosts: none', 'history: none', 'help'])
    const [first] = everyPage
    const alert = JSON.stringify(blocksOf(first!.make(forgery(canary)), 'rich'))
    expect(alert.split(canary).length).toBeGreaterThan(15)
  })

  it('is looked at by eyes that see markup, mentions, links and unseen characters', () => {
    const bad = [
      { type: 'mrkdwn', text: 'hi' },
      { type: 'mrkdwn', text: canary, verbatim: true },
      { type: 'plain_text', text: 'hi' },
      { type: 'user', user_id: 'U123ABC' },
      { type: 'broadcast', range: 'here' },
      { type: 'link', url: 'http://evil.example/' },
      { type: 'raw_text', text: 'a\u202Eb' },
    ]
    expect(bad.map((node) => dangers(node).length > 0)).toEqual(bad.map(() => true))
    expect(['<!channel>', 'a & b', '*b*', '_i_'].map((text) => dangersOfFallback(text).length > 0)).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  it('makes nothing of any text whatever', () => {
    const nasty = fc.oneof(
      fc.constantFrom(...forgedNames),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme' }),
    )
    const text = fc.array(nasty, { maxLength: 40 }).map((parts) => `${canary}${parts.join(canary)}`)
    fc.assert(
      fc.property(text, (forged) => {
        expect(harm(forgery(forged))).toEqual([])
      }),
      { numRuns: 15 },
    )
  }, 60_000)
})

/** Whatever is wrong with any page or view that was made with this forgery. */
function harm(forge: Forge): readonly string[] {
  const found: string[] = []
  const note = (where: string, faults: readonly unknown[]) => {
    if (faults.length > 0) found.push(`${where}: ${JSON.stringify(faults)}`)
  }
  for (const { name, make } of everyPage) {
    const page = make(forge)
    for (const form of forms) {
      const blocks = blocksOf(page, form)
      note(`${name}, ${form}`, [...dangers(blocks), ...validateBlocks(blocks, 'message')])
    }
    note(`${name}, fallback`, dangersOfFallback(fallback(page.summary, 3000)))
  }
  for (const { name, make } of everyView) {
    const view = make(forge)
    note(name, [...dangers(view), ...validateView(view)])
  }
  return found
}

describe('an instant in the text of a notice', () => {
  const page = noticePage(
    aNotice({ text: '10 now (/etc/<!channel>.conf:1). Changed at 2026-11-24T03:12:05Z by hand.' }),
  )

  it('is shown in the time of each reader, and what stands around it as it is', () => {
    expect(JSON.stringify(blocksOf(page, 'rich'))).toContain(
      JSON.stringify([
        { type: 'text', text: '10 now (/etc/<!channel>.conf:1). Changed at ' },
        {
          type: 'date',
          timestamp: Date.UTC(2026, 10, 24, 3, 12, 5) / 1_000,
          format: '{date_short_pretty} {time_secs}',
          fallback: '2026-11-24 03:12:05 UTC',
        },
        { type: 'text', text: ' by hand.' },
      ]),
    )
  })

  it('is in UTC where Slack can show no dates', () => {
    expect(fallback(page.summary, 3_000)).toContain('Changed at 2026-11-24 03:12:05 UTC by hand.')
    expect(JSON.stringify(blocksOf(page, 'classic'))).toContain('Changed at 2026-11-24 03:12:05 UTC by hand.')
  })
})
