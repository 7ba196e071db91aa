import { describe, expect, it } from 'vitest'
import type { Remediation } from '../../src/remediation/remediation.ts'
import { blocksOf } from '../../src/slack/views/blocks.ts'
import { outcomePage, remediationPage } from '../../src/slack/views/remediation.ts'
import { requestPage } from '../../src/slack/views/request.ts'
import { plain, type Sentence } from '../../src/slack/views/span.ts'
import { transcriptSteps } from '../../src/slack/views/transcript-steps.ts'
import type { Page } from '../../src/slack/views/piece.ts'
import { aChange, aLaterChange, aProposal, nowMs, remediationStates, stepRecord } from './subjects.ts'

const order =
  'lock heal check try backup write install diff validate before reload proof effective after'.split(' ')

function steps(remediation: Partial<Remediation>): readonly string[] {
  return transcriptSteps(aProposal(remediation)).map(({ id, state }) => `${id} ${state}`)
}

/** A page as plain lines, for reading. */
function lines(page: Page): readonly string[] {
  const line = (sentence: Sentence) => plain(sentence, 500)
  return page.pieces.flatMap((piece): readonly string[] => {
    switch (piece.kind) {
      case 'text':
      case 'small':
        return [line(piece.sentence)]
      case 'list':
        return piece.items.map((item) => `- ${line(item)}`)
      case 'header':
      case 'code':
        return piece.text.split('\n')
      case 'steps':
        return [piece.title, ...piece.steps.map(({ title, state }) => `${state}: ${title}`)]
      case 'buttons':
        return piece.buttons.map(({ label }) => `[${label}]`)
      default:
        return []
    }
  })
}

describe('the steps of a change', () => {
  it('are all to come when it was approved', () => {
    expect(steps({ state: 'approved' })).toEqual(order.map((name) => `${name} pending`))
  })

  it('have the first without a record under way while the host works', () => {
    expect(steps({ state: 'applying' })[0]).toBe('lock in_progress')
    expect(
      steps({ state: 'applying', records: [stepRecord('lock'), stepRecord('heal', 'skipped')] }).slice(0, 4),
    ).toEqual(['lock complete', 'heal complete', 'check in_progress', 'try pending'])
  })

  it.each(order.map((_, index) => index))('keep their order after %i records', (index) => {
    const records = order.slice(0, index).map((name) => stepRecord(name))
    expect(steps({ state: 'applying', records })).toEqual(
      order.map(
        (name, at) => `${name} ${at < index ? 'complete' : at === index ? 'in_progress' : 'pending'}`,
      ),
    )
  })

  it('turn to putting back when one fails after the file was installed', () => {
    const records = [...order.slice(0, 8).map((name) => stepRecord(name)), stepRecord('validate', 'failed')]
    expect(steps({ state: 'applying', records }).slice(8)).toEqual([
      'validate error',
      'restore in_progress',
      'revalidate pending',
      'rereload pending',
    ])
  })

  it('end with the failed one when nothing was installed', () => {
    const records = [stepRecord('lock'), stepRecord('check', 'failed')]
    expect(steps({ state: 'applying', records })).toEqual(['lock complete', 'check error'])
  })

  it('leave out what never came once the host has ended', () => {
    const records = [stepRecord('lock'), stepRecord('check', 'failed')]
    expect(steps({ state: 'refused', records, end: { kind: 'refused', code: 'digest' } })).toEqual([
      'lock complete',
      'check error',
    ])
    expect(steps({ state: 'succeeded', records: [stepRecord('lock')], end: { kind: 'applied' } })).toEqual([
      'lock complete',
    ])
  })

  it('show one that the helper of tomorrow has and this version does not know', () => {
    expect(steps({ state: 'verifying', records: [stepRecord('polish')], end: { kind: 'applied' } })).toEqual([
      'polish complete',
    ])
  })

  it('name the person who approved, where the host repeats the id', () => {
    const record = { ...stepRecord('check'), detail: 'by U0APPROVER1' }
    const [check] = transcriptSteps(aProposal({ state: 'applying', records: [record] }))
    expect(check?.details).toContainEqual({ kind: 'person', id: 'U0APPROVER1' })
  })

  it('are a plan block with a card each, with details', () => {
    const [block] = blocksOf(remediationPage(remediationStates['applying']!), 'rich')
    expect(block).toMatchObject({ type: 'plan', title: 'Raise imap on mx1 from 10 to 20' })
    expect((block as unknown as { tasks: object[] }).tasks[0]).toMatchObject({
      type: 'task_card',
      task_id: 'lock',
      status: 'complete',
      details: { type: 'rich_text' },
    })
  })
})

describe('how a change ended', () => {
  it.each([
    'verifying',
    'succeeded',
    'reached again',
    'refused',
    'restored',
    'needs operator',
    'rollback done',
  ])('%s', (state) => {
    expect(lines(outcomePage(aChange(remediationStates[state]!)))).toMatchSnapshot()
  })
})

describe('a change that somebody asked for without an incident', () => {
  it.each(['proposed', 'advise only', 'expired', 'applying', 'succeeded', 'rejected', 'rollback proposed'])(
    '%s',
    (state) => {
      expect(
        lines(
          requestPage(
            aChange({ ...remediationStates[state]!, incidentId: undefined, requestedBy: 'U0MEMBER001' }),
            nowMs,
          ),
        ),
      ).toMatchSnapshot()
    },
  )
})

it('the outcome keeps the last words of the host, which say what to do, however many warnings came before', () => {
  const warning = (text: string) =>
    ({ kind: 'notice', severity: 'warning', code: 'w', where: undefined, text }) as const
  const records = [
    ...Array.from({ length: 9 }, (_, index) => warning(`warning ${index}`)),
    warning('Look with: diff'),
  ]
  const page = outcomePage(aChange(aProposal({ state: 'needs_operator', records })))
  expect(JSON.stringify(page)).toContain('Look with: diff')
})

it('a change that a later one took the place of says so, and offers nothing to undo', () => {
  const overtaken = aChange(remediationStates['succeeded']!, aLaterChange(20, 10))
  const words = [...lines(outcomePage(overtaken)), ...lines(requestPage(overtaken, nowMs))]
  const sentence = 'Since then the limit was changed from 20 to 10 (change rem-00000009).'
  expect(words.filter((line) => line === sentence)).toHaveLength(2)
  expect(words.join('\n')).not.toMatch(/Roll back\b|To undo/)
})
