import { describe, expect, it } from 'vitest'
import { OpsError } from '../../src/lib/errors.ts'
import { settled } from '../lib/fake-clock.ts'
import { ABot, MINUTE } from './a-bot.ts'

it('a question that a stop cuts short is not told as a fault of the host', async () => {
  await using a = await new ABot().start()
  const asked = Promise.withResolvers<never>()
  a.host.who = () => asked.promise
  await a.hit()
  await a.bot.stop()
  asked.reject(new OpsError('link-closed', 'mx1: the connection was closed', { retryable: true }))
  await settled()
  expect((await a.incident()).advice).toBeUndefined()
})

describe('after a restart', () => {
  it('an alert that was posted while the bot died gets its advice and its plan without another hit', async () => {
    await using a = new ABot()
    const who = a.host.who.bind(a.host)
    a.host.who = () => new Promise(() => {})
    await a.start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    expect((await a.incident()).advice).toBeUndefined()
    a.host.who = who
    await a.restart()
    expect((await a.incident()).advice?.diagnosis.recommend).toBe('raise')
    expect((await a.proposal()).plan.newValue).toBe(20)
  })

  it('a host that could not be asked before is asked again', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    a.host.fault = new OpsError('timeout', 'mx1 did not answer within 10 s', { retryable: true })
    await a.hit()
    a.host.fault = undefined
    await a.restart()
    expect((await a.incident()).advice?.noPlan).toBeUndefined()
    expect((await a.proposal()).plan.newValue).toBe(20)
  })

  it('a plan that was made after a change is not taken for one from before it', async () => {
    await using a = await new ABot().start()
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 20 })
    const change = await a.proposal()
    const hello = a.host.hello.bind(a.host)
    a.host.hello = async () => {
      throw new OpsError('timeout', 'mx1 did not answer within 10 s', { retryable: true })
    }
    await a.click({ kind: 'approve', remediationId: change.id })
    expect((await a.store.remediation(change.id))?.verification?.effectiveValue).toBeUndefined()
    a.host.hello = hello
    await a.clock.advance(MINUTE)
    await a.click({ kind: 'raise', host: 'mx1', service: 'imap', value: 40 })
    await a.restart()
    expect((await a.store.remediation(change.id))?.verification?.effectiveValue).toBe(20)
    expect((await a.proposal()).plan).toMatchObject({ oldValue: 20, newValue: 40 })
  })

  it('an alert that has its advice is left alone', async () => {
    await using a = await new ABot().start()
    a.host.holds('taro@example.com', 10)
    await a.hit()
    const before = (await a.incident()).revision
    await a.clock.advance(MINUTE)
    await a.restart()
    expect((await a.incident()).revision).toBe(before)
  })
})

it('a start of Slack that ends only after the stop is taken back', async () => {
  await using a = new ABot()
  const up = Promise.withResolvers<void>()
  let [starts, running] = [0, false]
  const front = {
    async start() {
      starts += 1
      if (starts === 1) throw new OpsError('slack-unreachable', 'no answer', { retryable: true })
      await up.promise
      running = true
    },
    async stop() {
      running = false
    },
    problem: () => undefined,
    nobodyCanApprove: async () => false,
  }
  await a.bot.start(front, { wake() {}, stop: async () => {}, failed: new Promise<never>(() => {}) })
  await a.clock.advance(1_000)
  expect(starts).toBe(2)
  const stopped = a.bot.stop()
  await settled()
  up.resolve()
  await stopped
  expect(running).toBe(false)
})
