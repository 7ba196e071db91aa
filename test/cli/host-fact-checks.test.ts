import { describe, expect, it } from 'vitest'
import { linesOf } from '../../src/cli/check-report.ts'
import { factChecks } from '../../src/cli/host-fact-checks.ts'
import type { HostFacts } from '../../src/remediation/mail-host.ts'

const SOUND: HostFacts = {
  protocol: 1,
  helperVersion: '1.2.3',
  dovecotVersion: '2.3.16',
  dovecotRunning: true,
  os: 'AlmaLinux 9',
  hostname: 'mx1',
  log: { kind: 'file', path: '/var/log/maillog' },
  maxLimit: 100,
  changes: 'yes',
  shutdownClients: true,
  clockOffsetMs: 0,
  utcOffsetMinutes: 0,
  limits: [
    { service: 'imap', value: 10, where: undefined },
    { service: 'pop3', value: 20, where: { file: '/etc/dovecot/conf.d/20-pop3.conf', line: 91 } },
  ],
}

function said(changed: Partial<HostFacts>): string {
  const own = { latencyMs: 85, ownHelperVersion: '1.2.3', limitMax: 100 }
  return [...factChecks({ ...SOUND, ...changed }, own)].flatMap(linesOf).join('\n')
}

describe('what doctor makes of a host’s facts', () => {
  it('is a line each, when all is well', () => {
    expect(said({})).toBe(
      [
        '  ok   helper: 1.2.3, protocol 1, on mx1 (AlmaLinux 9), answered in 85 ms',
        '  ok   Dovecot: 2.3.16, running',
        "  ok   limit of imap: 10 (Dovecot's default)",
        '  ok   limit of pop3: 20 (/etc/dovecot/conf.d/20-pop3.conf:91)',
        "  ok   changes: yes, up to 100 (LIMIT_MAX; the host's cap is 100)",
        "  ok   clock: 0.0 s ahead of the bot's",
      ].join('\n'),
    )
  })

  it.each<[string, Partial<HostFacts>, string]>([
    [
      'another helper',
      { helperVersion: '1.0.0' },
      'warn helper: 1.0.0, protocol 1, on mx1 (AlmaLinux 9), answered in 85 ms; this release brings 1.2.3\n         Update it',
    ],
    [
      'a Dovecot that is down',
      { dovecotRunning: false },
      'FAIL Dovecot: 2.3.16, not running\n         On mx1: systemctl status dovecot',
    ],
    ['no Dovecot', { dovecotVersion: '' }, 'FAIL Dovecot: not found'],
    ['no log', { log: { kind: 'none' } }, 'FAIL log: the helper finds no mail log'],
    ['the journal', { log: { kind: 'journal' } }, 'ok   log: the journal'],
    ['a broken configuration', { limits: [] }, 'FAIL limits: Dovecot tells none'],
    [
      'a limit at the cap',
      { maxLimit: 20 },
      "warn limit of pop3: 20 (/etc/dovecot/conf.d/20-pop3.conf:91), which is at the host's cap of 20",
    ],
    [
      'no limit at all',
      { limits: [{ service: 'imap', value: 0, where: undefined }] },
      "ok   limit of imap: none (0) (Dovecot's default)",
    ],
    ['a lower cap', { maxLimit: 40 }, "ok   changes: yes, up to 40, the host's cap (LIMIT_MAX is 100)"],
    ['advice alone', { changes: 'advise' }, 'ok   changes: advise; plans are shown, without a button'],
    ['no changes', { changes: 'no' }, 'ok   changes: no; the bot only watches'],
    ['a clock that is half a minute off', { clockOffsetMs: 30_000 }, "ok   clock: 30 s ahead of the bot's"],
    [
      'a clock that is further off',
      { clockOffsetMs: -30_001 },
      "warn clock: 30 s behind the bot's; hits may look older",
    ],
  ])('names %s', (_what, facts, words) => {
    expect(said(facts)).toContain(`  ${words}`)
  })
})
