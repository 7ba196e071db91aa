import { canonicalAddress } from '../dovecot/canonical-address.ts'
import { counted } from './counted.ts'
import type { DiagnosisInput } from './diagnosis-input.ts'
import type { Observation } from './observe.ts'

const RECENT_MS = 5 * 60_000
const SHARED_MIN_OTHERS = 3

export function sharedBecause(now: Observation, input: DiagnosisInput): string | undefined {
  const address = input.ip === undefined ? undefined : canonicalAddress(input.ip)
  if (address !== undefined && (isLoopback(address) || address === canonicalAddress(input.serverIp ?? ''))) {
    return 'The address is the mail host itself: a webmail or a proxy on it speaks for many users.'
  }
  const users = Math.max(now.otherUsers, input.otherUsersRefused)
  if (users < SHARED_MIN_OTHERS) return undefined
  return now.otherUsers >= input.otherUsersRefused
    ? `${users} other users are connected from there (${counted(now.otherSessions, 'session')}).`
    : `${users} other users were refused there, too.`
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

export function sessionsSeen(logged: number, now: Observation, input: DiagnosisInput): string {
  const from = input.ip === undefined ? 'an address that the line does not name' : input.ip
  return `${counted(now.counted, `${input.service} session`)} of this user from ${from}, against a limit of ${logged}.`
}

export function hitsSeen(input: DiagnosisInput): string {
  const recent = input.hits.filter((hit) => hit.atMs > input.nowMs - RECENT_MS).length
  const newestAtMs = input.hits.reduce((newest, hit) => Math.max(newest, hit.atMs), 0)
  const newestMs = Math.max(0, input.nowMs - newestAtMs)
  return `${counted(recent, 'refused login')} in the last five minutes, the newest ${Math.round(newestMs / 1000)} s ago.`
}

export function aroundSeen(now: Observation, input: DiagnosisInput): readonly string[] {
  const seen: string[] = []
  if (now.elsewhere > 0) {
    seen.push(`${counted(now.elsewhere, 'session')} of this user from other addresses, not counted here.`)
  }
  if (now.addresses > 1) {
    seen.push(`This client uses ${now.addresses} addresses of its network; each is counted by itself.`)
  }
  if (now.otherUsers > 0 && now.otherUsers < SHARED_MIN_OTHERS) {
    seen.push(`${counted(now.otherUsers, 'other user')} at the same client.`)
  }
  if (input.userCut) {
    seen.push('The log cut the name: users whose names begin alike are counted together here.')
  }
  return seen
}
