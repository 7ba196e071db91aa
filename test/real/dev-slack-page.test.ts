import { existsSync } from 'node:fs'
import type { App } from '@slack/bolt'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { opsChannelId } from '../../dev/slack/people.ts'
import { runBolt } from '../dev-slack/bolt-app.ts'
import { oneAtATime } from './one-at-a-time.ts'

oneAtATime()

const executablePath = '/usr/bin/chromium'
const isMissing = !existsSync(executablePath)
if (isMissing)
  process.stderr.write(
    `the page of dev/slack is not tested: ${executablePath} is missing (apt-get install chromium)\n`,
  )
let browser: Browser
beforeAll(async () => {
  if (!isMissing || process.env['CI'] === 'true')
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
afterAll(async () => {
  await browser?.close()
})

const plain = (text: string) => ({ type: 'plain_text', text }) as const
const button = (actionId: string, more: object = {}) => ({
  type: 'button',
  action_id: actionId,
  text: plain(actionId),
  ...more,
})
const alert = {
  text: 'alert',
  blocks: [
    { type: 'header', text: plain('taro reached the limit') },
    {
      type: 'table',
      rows: [
        [
          { type: 'raw_text', text: 'user' },
          { type: 'raw_text', text: '<!channel> <img src=x>' },
        ],
      ],
    },
    {
      type: 'actions',
      elements: [
        button('raise', {
          confirm: { title: plain('Raise it?'), text: plain('37 sessions will be disconnected.') },
        }),
        button('other'),
      ],
    },
  ],
}
const modal = {
  type: 'modal',
  callback_id: 'other',
  title: plain('Another value'),
  submit: plain('Plan it'),
  blocks: [
    {
      type: 'input',
      block_id: 'value',
      label: plain('New limit'),
      element: { type: 'number_input', action_id: 'limit', is_decimal_allowed: false, max_value: '100' },
    },
  ],
}

/** A bot that answers in a thread, with a refusal, a modal or a Home tab. */
function bot(approver: () => string): (app: App) => void {
  return (app) => {
    app.action('raise', async ({ ack, body, client }) => {
      await ack()
      const { channel, message } = body as { channel: { id: string }; message: { ts: string } }
      const where = { channel: channel.id, thread_ts: message.ts }
      if (body.user.id === approver()) await client.chat.postMessage({ ...where, text: 'raised' })
      else await client.chat.postEphemeral({ channel: channel.id, user: body.user.id, text: 'you may not' })
    })
    app.action('other', async ({ ack, body, client }) => {
      await ack()
      await client.views.open({
        trigger_id: (body as { trigger_id: string }).trigger_id,
        view: modal as never,
      })
    })
    app.view('other', async ({ ack, view, client }) => {
      await ack()
      const text = `planned ${view.state.values['value']?.['limit']?.value}`
      await client.chat.postMessage({ channel: opsChannelId, text })
    })
    app.command('/maillimit', async ({ ack, command }) => ack(`you asked for ${command.text}`))
    app.event('app_home_opened', async ({ event, client }) => {
      const blocks = [{ type: 'section' as const, text: plain('mail1 is followed') }]
      await client.views.publish({ user_id: event.user, view: { type: 'home', blocks } })
    })
  }
}

/** Chromium breaks a page's requests when a network interface comes or goes, as other tests make them do: try again. */
async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await page.goto(url).catch(() => {})
    const side = await page.waitForSelector('.side', { timeout: 5000 }).catch(() => undefined)
    if (side !== undefined) return page
  }
  throw new Error(`the page at ${url} does not come up`)
}

// With CI=true a missing browser is a failure, not a reason to skip.
describe.skipIf(isMissing && process.env['CI'] !== 'true')('the page', () => {
  test('a person confirms, reads the thread, fills in the modal, asks, and becomes somebody else', async () => {
    let approver = ''
    await using running = await runBolt(bot(() => approver))
    const { slack, app } = running
    approver = slack.people.approver
    await app.client.chat.postMessage({ channel: slack.channelId, ...alert })
    const page = await openPage(slack.url)
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))

    expect(await page.locator('td, th').last().textContent()).toBe('<!channel> <img src=x>')
    expect(await page.locator('#stream img, #stream .mention').count()).toBe(0)

    await page.getByRole('button', { name: 'raise' }).click()
    await page.locator('dialog.confirm').getByText('37 sessions').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'raise' }).click()
    await page.keyboard.press('Enter')
    await page.locator('.thread-link').click()
    await page.locator('#thread').getByText('raised').waitFor()
    expect(slack.envelopes.all(), 'what was cancelled was never sent').toHaveLength(1)
    await page.keyboard.press('Escape')
    await page.locator('#thread').waitFor({ state: 'hidden' })

    await page.getByRole('button', { name: 'other' }).click()
    await page.getByLabel('New limit').fill('101')
    await page.keyboard.press('Enter')
    await page.getByText('Enter a number of at most 100').waitFor()
    await page.getByLabel('New limit').fill('30')
    await page.keyboard.press('Enter')
    await page.locator('dialog.modal').waitFor({ state: 'detached' })
    await slack.until('the plan', () =>
      slack.callsOf('chat.postMessage').find((call) => call.args['text'] === 'planned 30'),
    )

    await page.keyboard.press('/')
    await page.keyboard.type('maillimit st')
    await page.keyboard.press('Tab')
    await page.keyboard.type('taro@example.com')
    await page.keyboard.press('Enter')
    await page.getByText('you asked for status taro@example.com').waitFor()

    await page.getByRole('radio', { name: 'Gus Weber' }).check()
    await page.getByText('you asked for').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'raise' }).click()
    await page.keyboard.press('Enter')
    await page.getByText('you may not').waitFor()
    await page.getByText('Only visible to you').waitFor()
    await page.getByRole('button', { name: 'maillimit' }).click()
    await page.getByText('mail1 is followed').waitFor()

    await page.getByRole('radio', { name: 'Nao Berg' }).check()
    await page.locator('.place').first().click()
    await page.getByText('You are not in this channel').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('a button that was drawn before an edit still sends what stood on it', async () => {
    const values: unknown[] = []
    await using running = await runBolt((app) => {
      app.action('raise', async ({ ack, action }) => {
        await ack()
        values.push((action as { value: string }).value)
      })
    })
    const { slack, app } = running
    const plan = (value: string) => ({
      channel: slack.channelId,
      text: value,
      blocks: [
        { type: 'header' as const, text: plain(value) },
        {
          type: 'actions' as const,
          elements: [button('raise', { value, confirm: { title: plain('Sure?'), text: plain('Sure?') } })],
        },
      ],
    })
    const { ts = '' } = await app.client.chat.postMessage(plan('plan-1'))
    const page = await openPage(slack.url)
    await page.getByRole('button', { name: 'raise' }).click()
    await page.locator('dialog.confirm').waitFor()
    await app.client.chat.update({ ...plan('plan-2'), ts })
    await page.locator('h3').getByText('plan-2').waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => values).toEqual(['plan-1'])
    await page.close()
  })

  test('a click that the app does not answer says so under the message', async () => {
    await using running = await runBolt(() => {}, { ackWithinMs: 100 })
    const { slack, app } = running
    await app.client.chat.postMessage({ channel: slack.channelId, ...alert })
    const page = await openPage(slack.url)
    await page.getByRole('button', { name: 'other' }).click()
    await page.getByText('Operation timed out').waitFor()
    expect(await page.getByText('app not connected').count()).toBe(0)
    slack.sockets.cut()
    await page.getByText('app not connected').waitFor()
    await page.close()
  })
})
