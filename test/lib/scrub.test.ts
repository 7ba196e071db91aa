import { expect, it } from 'vitest'
import { scrubber } from '../../src/lib/scrub.ts'

it('a secret that was announced never gets through, wherever it stands', () => {
  const scrub = scrubber(['s3cr3t-value'])
  expect(scrub('{"url":"wss://x/?ticket=s3cr3t-value&a=1"} s3cr3t-value')).toBe(
    '{"url":"wss://x/?ticket=***&a=1"} ***',
  )
})

it('what looks like a Slack token or a private key never gets through either', () => {
  const scrub = scrubber([])
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\n-----END OPENSSH PRIVATE KEY-----'
  expect(scrub(`Bearer xoxb-12-ab xapp-1-A-b ${key} ok`)).toBe('Bearer *** *** *** ok')
})

it('a short value is no secret, lest it blank the whole log', () => {
  expect(scrubber(['a'])('banana')).toBe('banana')
})
