import { describe, expect, it } from 'vitest'
import { repeatKey } from '../../src/logs/repeated-lines.ts'

const hit = (second: number, session: string | undefined) => ({
  session,
  raw: `Nov 24 08:32:0${second} mx1 dovecot: imap-login: …: user=<a>, rip=192.0.2.1, session=<${session}>`,
})

describe('a repeated line', () => {
  it('is known by every letter of it', () => {
    expect(repeatKey(hit(1, 's1'))).toMatch(/^[0-9a-f]{64}$/)
    expect(repeatKey(hit(1, 's1'))).toBe(repeatKey(hit(1, 's1')))
  })

  it('is none when the session or the time is another one', () => {
    const keys = [hit(1, 's1'), hit(1, 's2'), hit(2, 's1')].map(repeatKey)
    expect(new Set(keys).size).toBe(3)
  })

  it('is none without a session: old Dovecots write the same line for two refusals', () => {
    expect(repeatKey(hit(1, undefined))).toBeUndefined()
    expect(repeatKey(hit(1, ''))).toBeUndefined()
  })
})
