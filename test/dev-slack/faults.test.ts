import { expect, test } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { refusal, startWithClient, webClient } from './web-client.ts'

const text = { text: 'hello' }

test('faults: a lost answer leaves the message, a lost connection does not', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  const channel = slack.channelId
  const method = 'chat.postMessage'
  const post = (words: string, timeout = 0) =>
    refusal(webClient(slack, slack.botToken, timeout).chat.postMessage({ channel, text: words }))
  slack.faults.add({ method, kind: 'answer-lost' })
  expect(await post('lost')).toMatchObject({ code: 'slack_webapi_request_error' })
  slack.faults.add({ method, kind: 'connection-lost' })
  expect(await post('never')).toMatchObject({ code: 'slack_webapi_request_error' })
  slack.faults.add({ method, kind: 'http-error', status: 503, commit: true })
  expect(await post('after 503')).toMatchObject({ code: 'slack_webapi_http_error' })
  slack.faults.add({ method, kind: 'hang', commit: true })
  expect(await post('hanging', 2_000)).toMatchObject({ code: 'slack_webapi_request_error' })
  slack.faults.add({ method, kind: 'error', error: 'internal_error' })
  expect(await post('x')).toMatchObject({ error: 'internal_error' })
  slack.faults.add({ method, kind: 'rate-limited', retryAfterS: 7 })
  await expect(web.chat.postMessage({ channel, text: 'x' })).rejects.toMatchObject({ retryAfter: 7 })
  slack.faults.add({ method, kind: 'slow', delayMs: 20 })
  await web.chat.postMessage({ channel, text: 'slow' })
  slack.faults.add({
    kind: 'error',
    error: 'fatal_error',
    times: Number.POSITIVE_INFINITY,
    match: (args) => args['text'] === 'bad',
  })
  expect(await post('bad')).toMatchObject({ error: 'fatal_error' })
  await web.chat.postMessage({ channel, text: 'good' })
  expect(slack.messages().map((message) => message.text)).toEqual([
    'lost',
    'after 503',
    'hanging',
    'slow',
    'good',
  ])
  expect(slack.callsOf(method).map((call) => call.fault ?? call.answer?.['ok'])).toEqual([
    'answer-lost',
    'connection-lost',
    'http-error',
    'hang',
    'error',
    'rate-limited',
    'slow',
    'error',
    true,
  ])
})

test('about one message a second goes to a channel once limits are on', async () => {
  let nowMs = 1_700_000_000_000
  const clock: Clock = { now: () => nowMs, after: () => () => {} }
  await using running = await startWithClient({ clock, pingEveryMs: 'never' })
  const { slack, web } = running
  const post = () => web.chat.postMessage({ channel: slack.channelId, ...text })
  slack.rateLimits.set({ perChannelPerSecond: 1, burst: 2, perMethodPerMinute: 60 })
  await post()
  await post()
  await expect(post()).rejects.toMatchObject({ retryAfter: 1 })
  nowMs += 1000
  await post()
  expect(slack.messages()).toHaveLength(3)
})

test('an unfulfilled wait says what there was instead', async () => {
  await using running = await startWithClient()
  const { slack, web } = running
  await web.chat.postMessage({ channel: slack.channelId, ...text })
  await expect(slack.untilMessage('an alert', () => false, 30)).rejects.toThrow(
    /waited 30 ms in vain for an alert; there was: 1 message\(s\) \[.* "hello"\], last calls \[chat.postMessage/,
  )
})
