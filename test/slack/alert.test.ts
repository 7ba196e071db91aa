import { describe, expect, it } from 'vitest'
import type { AlertSubject } from '../../src/slack/desk.ts'
import { alertPage } from '../../src/slack/views/alert.ts'
import { alertButtons } from '../../src/slack/views/alert-buttons.ts'
import { blocksOf } from '../../src/slack/views/blocks.ts'
import { impactText } from '../../src/slack/views/plan.ts'
import { fallback } from '../../src/slack/views/span.ts'
import { aHit, aProposal, alertStates, anAlert, anIncident, nowMs, someAdvice } from './subjects.ts'

function alertWords(alert: AlertSubject): string {
  return JSON.stringify(blocksOf(alertPage(alert), 'rich'))
}

describe('the buttons of an alert', () => {
  it.each([
    ['just posted', ['Snooze', 'Dismiss']],
    ['a plan waits', ['Raise to 20', 'Other value…', 'Snooze', 'Dismiss']],
    ['no plan', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['unconfirmed', ['Look again', 'Snooze', 'Dismiss']],
    ['mend the client', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['plan expired', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['plan superseded', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['plan rejected', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['advise only', ['Look again', 'Snooze', 'Dismiss']],
    ['nobody can approve', []],
    ['one of two approvals', ['Raise to 20', 'Other value…', 'Snooze', 'Dismiss']],
    ['snoozed', ['Raise to 20', 'Other value…', 'Dismiss']],
    ['dismissed', []],
    ['resolved', []],
    ['resolved after a raise', []],
    ['approved', []],
    ['applying', []],
    ['verifying', ['Roll back']],
    ['succeeded', ['Roll back']],
    ['reached again', ['Raise to 20', 'Other value…', 'Roll back', 'Snooze', 'Dismiss']],
    ['refused', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['restored', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['needs operator', []],
    ['rollback proposed', ['Roll back to 10', 'Keep 20']],
    ['raised further elsewhere', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['rolled back elsewhere', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
    ['rolled back', ['Look again', 'Other value…', 'Snooze', 'Dismiss']],
  ])('%s', (state, labels) => {
    expect(alertButtons(alertStates[state]!).map(({ label }) => label)).toEqual(labels)
  })

  it('cover every state that there is a face for', () => {
    expect(Object.keys(alertStates)).toHaveLength(27)
  })

  it('never offer a raise for an unconfirmed hit, even when a plan stands', () => {
    const alert = { ...alertStates['unconfirmed']!, proposal: aProposal() }
    expect(alertButtons(alert).map(({ action }) => action)).not.toContain('approve')
    expect(alertWords(alert)).not.toContain('Plan:')
  })

  it('ask back before a change, with what the reload does', () => {
    expect(alertButtons(anAlert())[0]?.confirm?.text).toBe(
      'imap on mx1 goes from 10 to 20. The reload will disconnect 37 sessions, which reconnect by themselves.',
    )
  })

  it('quiet the alert of a host that only advises, also while a rollback is advised', () => {
    const rollback = { ...alertStates['rollback proposed']!.proposal!, adviseOnly: true }
    const alert = { ...alertStates['rollback proposed']!, proposal: rollback }
    expect(alertButtons(alert).map(({ label }) => label)).toEqual(['Look again', 'Snooze', 'Dismiss'])
    const over = { ...alert, incident: anIncident({ state: 'resolved', resolvedAtMs: nowMs }) }
    expect(alertButtons(over)).toEqual([])
  })

  it('carry opaque ids alone', () => {
    for (const alert of Object.values(alertStates)) {
      for (const { value } of alertButtons(alert))
        expect(['inc1', 'rem-00000001', 'rem-00000002', 'rem-00000003']).toContain(value)
    }
  })
})

describe('an alert', () => {
  it('has a face of its own, in a sign and in words, for each phase', () => {
    const faces = Object.fromEntries(
      Object.entries(alertStates).map(([name, alert]) => [name, fallback(alertPage(alert).summary, 300)]),
    )
    expect(faces).toMatchInlineSnapshot(`
      {
        "a plan waits": "🔴 Logins refused: taro@example.com · imap on mx1. A plan to raise to 20 waits for approval.",
        "advise only": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "applying": "🔵 Being changed: taro@example.com · imap on mx1. Raising from 10 to 20: the thread shows each step.",
        "approved": "🔵 Being changed: taro@example.com · imap on mx1. Raising from 10 to 20: the thread shows each step.",
        "dismissed": "⚪ Dismissed: taro@example.com · imap on mx1. Dismissed; refused logins are still counted.",
        "just posted": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "mend the client": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "needs operator": "🆘 Needs an operator: taro@example.com · imap on mx1. It is not certain what the host has now. A person has to look; the thread has the commands. The file is no longer as maillimit left it.",
        "no plan": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "nobody can approve": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "one of two approvals": "🔴 Logins refused: taro@example.com · imap on mx1. A plan to raise to 20 waits for approval.",
        "plan expired": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "plan rejected": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "plan superseded": "🔴 Logins refused: taro@example.com · imap on mx1. ",
        "raised further elsewhere": "🟢 Limit raised: taro@example.com · imap on mx1. The limit was raised from 10 to 20. Since then the limit was changed from 20 to 40 (change rem-00000009).",
        "reached again": "🔴 New limit reached too: taro@example.com · imap on mx1. The limit was raised from 10 to 20, and logins are refused at the new value as well. Look at the cause before raising again.",
        "refused": "🟠 Host refused the change: taro@example.com · imap on mx1. The host refused the change; nothing was changed. The thread says why. The file changed since the plan was made.",
        "resolved": "🟢 Resolved: taro@example.com · imap on mx1. Resolved at 2026-11-24 08:40:00 UTC, after a quiet time.",
        "resolved after a raise": "🟢 Resolved: taro@example.com · imap on mx1. Resolved at 2026-11-24 08:40:00 UTC, after a quiet time. The limit stays at 20; to undo: /maillimit rollback rem-00000001",
        "restored": "🟠 Change put back: taro@example.com · imap on mx1. The change failed on the host and was put back; the old limit is in force.",
        "rollback proposed": "🟢 Limit raised: taro@example.com · imap on mx1. The limit was raised from 10 to 20 and is in force.",
        "rolled back": "🟠 Rolled back: taro@example.com · imap on mx1. The limit was rolled back from 20 to 10.",
        "rolled back elsewhere": "🟠 Rolled back: taro@example.com · imap on mx1. The limit was raised from 10 to 20. Since then the limit was changed from 20 to 10 (change rem-00000009).",
        "snoozed": "⚪ Snoozed: taro@example.com · imap on mx1. Snoozed until 2026-11-24 09:40:00 UTC; refused logins are still counted.",
        "succeeded": "🟢 Limit raised: taro@example.com · imap on mx1. The limit was raised from 10 to 20 and is in force.",
        "unconfirmed": "🟡 Unconfirmed: taro@example.com · imap on mx1. The host shows no sessions that fit this line. Any local account of the host can write such a line, so there is no raise to click.",
        "verifying": "🟢 Limit raised: taro@example.com · imap on mx1. The limit was raised from 10 to 20 and is in force. It is being watched until 2026-11-24 08:50:00 UTC.",
      }
    `)
  })

  it('breaks the line down, one row a part, and says what it lacks', () => {
    const words = (hit: Parameters<typeof aHit>[0]) => {
      const table = blocksOf(
        alertPage(anAlert({ incident: anIncident({ lastHit: aHit(hit) }) })),
        'rich',
      ).find(({ type }) => type === 'table')
      return (table as { rows: { text: string }[][] }).rows.map((row) =>
        row.map(({ text }) => text).join(' | '),
      )
    }
    expect(
      words({
        extras: [
          ['rport', '5123'],
          ['secured', ''],
        ],
      }),
    ).toMatchInlineSnapshot(`
      [
        "In the log line | Value",
        "Time | Nov 24 08:39:00 (2026-11-24 08:39:00 UTC)",
        "Host | mx1",
        "Program | dovecot[4242]: imap-login",
        "Event | Disconnected: Maximum number of connections from user+IP exceeded",
        "Setting | mail_max_userip_connections = 10",
        "User | taro@example.com",
        "Method | PLAIN",
        "Client IP (rip) | 203.0.113.9",
        "Server IP (lip) | 192.0.2.25",
        "TLS | TLS",
        "Session | AbCdEf0123",
        "rport | 5123",
        "secured | present",
      ]
    `)
    expect(
      words({
        program: undefined,
        logHost: undefined,
        logPid: undefined,
        timeText: '',
        loggedAtMs: undefined,
        limit: undefined,
        method: undefined,
        rip: undefined,
        lip: undefined,
        tls: undefined,
        session: undefined,
        event: '',
        user: '',
      }),
    ).toMatchInlineSnapshot(`
      [
        "In the log line | Value",
        "Time | not in the line",
        "Host | not in the line",
        "Program | dovecot: imap-login",
        "Event | Maximum number of connections from user+IP exceeded",
        "Setting | mail_max_userip_connections",
        "User | (empty)",
        "Method | not in the line",
        "Client IP (rip) | not in the line",
        "Server IP (lip) | not in the line",
        "TLS | no",
        "Session | not in the line",
      ]
    `)
  })

  it('keeps the raw line folded away', () => {
    const block = blocksOf(alertPage(anAlert()), 'rich').find(({ type }) => type === 'container')
    expect(block).toMatchObject({ is_collapsible: true, default_collapsed: true })
    expect(JSON.stringify(block)).toContain('session=<AbCdEf0123>')
  })

  it('shows the diff, file and line, values, impact and expiry of the plan', () => {
    const words = alertWords(anAlert())
    for (const part of [
      '/etc/dovecot/conf.d/20-imap.conf:96',
      'mail_max_userip_connections = 20',
      'from 10 to 20',
      'disconnect 37 sessions',
      'Can be approved until',
      '40 of 1024',
    ]) {
      expect(words).toContain(part)
    }
  })

  it('says what the host says now: connections against the limit, hits of the last minutes, diagnosis and value', () => {
    const words = alertWords(anAlert())
    for (const part of [
      '10 of 10',
      'refused here',
      '3 refused logins in the last 5 minutes',
      'Diagnosis: ',
      'Suggested limit 20: ',
    ]) {
      expect(words).toContain(part)
    }
  })

  it('says why there is no plan', () => {
    expect(alertWords(alertStates['no plan']!)).toContain('The configuration is broken already.')
  })

  it('shows commands and configuration to copy, never run', () => {
    expect(alertWords(alertStates['mend the client']!)).toContain('doveadm kick taro@example.com 203.0.113.9')
  })

  it('counts a full list of instants as a lower bound', () => {
    const recentHitsAtMs = Array.from({ length: 200 }, () => nowMs - 1000)
    const words = alertWords(anAlert({ incident: anIncident({ hits: 5000, recentHitsAtMs }) }))
    expect(words).toContain('200 or more refused logins in the last 5 minutes')
  })

  it('lists at most ten addresses and says how many more there are', () => {
    const connections = Array.from({ length: 25 }, (_, n) => ({
      service: 'imap',
      ip: `10.0.0.${n}`,
      count: n + 1,
    }))
    expect(alertWords(anAlert({ incident: anIncident({ advice: someAdvice({ connections }) }) }))).toContain(
      'and 15 more addresses',
    )
  })
})

describe('the impact of a reload', () => {
  it.each([
    [37, true, 'The reload will disconnect 37 sessions, which reconnect by themselves.'],
    [1, true, 'The reload will disconnect 1 session, which reconnects by itself.'],
    [0, true, 'No session is live now, so the reload disconnects nobody.'],
    [37, false, 'The reload leaves the 37 live sessions alone (shutdown_clients = no).'],
    [37, undefined, 'The reload may disconnect 37 sessions, which reconnect by themselves.'],
    [
      undefined,
      true,
      'The reload will disconnect the live sessions, which reconnect by themselves; how many there are is not known.',
    ],
    [undefined, false, 'The reload leaves the live sessions alone (shutdown_clients = no).'],
  ])('%s sessions, shutdown_clients %s', (sessions, shutdownClients, words) => {
    expect(impactText({ sessions, shutdownClients, processCount: undefined, processLimit: undefined })).toBe(
      words,
    )
  })
})
