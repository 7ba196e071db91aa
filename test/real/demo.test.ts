import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import { hasBrowser, openAs, openBrowser } from '../../dev/demo/browser.ts'
import { noMailHosts } from '../../dev/mailhost/lease.ts'
import { people } from '../../dev/slack/people.ts'
import { type DemoProcess, startDemo } from './demo-process.ts'
import { oneAtATime } from './one-at-a-time.ts'

oneAtATime()

/** Prints the reason in one line; with CI=true a missing browser is a failure. */
function noBrowser(): boolean {
  if (hasBrowser()) return false
  if (process.env['CI'] === 'true') throw new Error('CI must have a browser: apt-get install chromium')
  console.warn('skipped: the demo is not driven without a browser (apt-get install chromium)')
  return true
}

describe.skipIf(noMailHosts() || noBrowser())('the demo, as a person plays with it', () => {
  let demo: DemoProcess
  let url: string
  let browser: Browser
  let hana: Page
  const faults: string[] = []

  beforeAll(async () => {
    demo = startDemo()
    browser = await openBrowser()
    url = await demo.url
    hana = await openAs(browser, url, people.approver)
    hana.on('pageerror', (error) => faults.push(String(error)))
  })
  beforeEach(() => {
    onTestFailed(async () => console.error(await whatStood(hana, url)))
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.[Symbol.asyncDispose]()
  })

  it('shows the alert of twelve real logins, with line, diagnosis, plan and button', async () => {
    const alert = alertOf(hana, 'taro@example.com')
    await button(alert, 'Raise to 20').waitFor()
    const text = await alert.innerText()
    expect(text).toMatch(/Logins refused/)
    expect(text).toMatch(/mail_max_userip_connections = 10/)
    expect(text).toMatch(/10 imap sessions of this user/)
    expect(text).toMatch(/\+ +\d+ +mail_max_userip_connections = 20/)
    expect(text).toMatch(/The reload will disconnect 10 sessions/)
  })

  it('lets the server itself refuse the thirteenth login', async () => {
    const said = await press(hana, 'The 13th login')
    expect(said).toMatch(/Login 13 of taro@example.com was refused. The server said: NO \[/)
    expect(said).toMatch(/Maximum number of connections from user\+IP exceeded/)
  })

  it('answers a slash command to the one who asked', async () => {
    await hana.keyboard.press('/')
    await hana.keyboard.type('maillimit st')
    await hana.keyboard.press('Tab')
    await hana.keyboard.type('taro@example.com')
    await hana.keyboard.press('Enter')
    const answer = onlyForMe(hana).filter({ hasText: 'taro@example.com' }).last()
    await answer.getByText('Refused logins', { exact: true }).waitFor()
    const text = await answer.innerText()
    expect(text).toMatch(/imap: 10, Dovecot's default/)
    expect(text).toMatch(/mx1\s+imap\s+10\.213\.\d+\.1\s+10/)
    expect(text).toMatch(/1 open incident/)
  })

  it.each([
    ['a member', 'Mika Lind', /nothing was changed.* listed in the setting SLACK_APPROVERS/],
    ['a guest', 'Gus Weber', /Guests of this workspace cannot/],
    ['a single-channel guest', 'Uma Roth', /Guests of this workspace cannot/],
    ['somebody of another company', 'Stan Fremd', /your account belongs to another one/],
  ])('tells %s why they may not, and changes nothing', async (_who, name, why) => {
    await become(hana, name)
    await approve(hana, alertOf(hana, 'taro@example.com'))
    await onlyForMe(hana).getByText(why).waitFor()
    expect(await alertOf(hana, 'taro@example.com').innerText()).toMatch(/Logins refused/)
    await become(hana, 'Hana Mori')
    await onlyForMe(hana).getByText(why).waitFor({ state: 'detached' })
    expect(await onlyForMe(hana).getByText(why).count()).toBe(0)
  })

  it('shows nothing of the channel to somebody who is not in it', async () => {
    await become(hana, 'Nao Berg')
    await hana.getByText('You are not in this channel').waitFor()
    expect(await alertOf(hana, 'taro@example.com').count()).toBe(0)
    await become(hana, 'Hana Mori')
  })

  it('plans another value from the form, and refuses one above the highest', async () => {
    await button(alertOf(hana, 'taro@example.com'), 'Other value…').click()
    await hana.getByLabel('New limit').fill('101')
    await hana.keyboard.press('Enter')
    await hana.getByText('Enter a number of at most 100').waitFor()
    await hana.getByLabel('New limit').fill('25')
    await hana.keyboard.press('Enter')
    await hana.locator('dialog.modal').waitFor({ state: 'detached' })
    await button(alertOf(hana, 'taro@example.com'), 'Raise to 25').waitFor()
    expect(await alertOf(hana, 'taro@example.com').innerText()).toMatch(/mail_max_userip_connections = 25/)
  })

  it('does nothing when a colleague was faster on the host, says what changed, and plans anew', async () => {
    expect(await press(hana, "A colleague's edit")).toMatch(/A colleague added a line/)
    const alert = alertOf(hana, 'taro@example.com')
    const before = await planId(alert)
    await approve(hana, alert)
    await onlyForMe(hana)
      .getByText(/has changed since you saw the plan/)
      .waitFor()
    const isAnother = async () => ![before, undefined].includes(await planId(alert))
    await expect.poll(isAnother).toBe(true)
    expect(await alert.innerText()).toMatch(/nothing was changed/)
  })

  it('carries out one of two clicks at once, and tells the other person', async () => {
    const jun = await openAs(browser, url, people.secondApprover)
    for (const page of [hana, jun]) {
      await button(alertOf(page, 'taro@example.com'), /^Raise to/).click()
      await page
        .locator('dialog.confirm')
        .getByText(/will disconnect \d+ session|is live now/)
        .waitFor()
    }
    await Promise.all([hana, jun].map((page) => page.keyboard.press('Enter')))
    const told = [hana, jun].map((page) => onlyForMe(page).getByText(/approved already/))
    await Promise.any(told.map((words) => words.waitFor()))
    const counts = await Promise.all(told.map((words) => words.count()))
    expect(counts.reduce((sum, count) => sum + count)).toBe(1)
    await jun.close()
  })

  it('tells each step in the thread, and how it ended', async () => {
    await hana.locator('.thread-link').first().click()
    const thread = hana.locator('#thread')
    await thread.getByText('Done, being watched').waitFor()
    await thread.getByText(/New logins have the limit \d+, as planned/).waitFor()
    // The steps are a message of their own, whose last edit may come after how it ended.
    await expect
      .poll(() => thread.innerText())
      .toMatch(/Prove that the reload took place\s+dovecot\/log is \d+/)
    expect(await thread.innerText()).toMatch(
      /Back up the file\s+\/etc\/dovecot\/conf.d\/20-imap.conf.\d{8}-\d{6}/,
    )
    expect(await thread.locator('.task.complete').count()).toBeGreaterThan(10)
    await alertOf(hana, 'taro@example.com')
      .getByText(/Limit raised/)
      .first()
      .waitFor()
  })

  it('lets the thirteenth login in', async () => {
    const said = await press(hana, 'The 13th login')
    expect(said).toBe('Login 13 of taro@example.com was let in; 13 sessions are open now.')
  })

  it('shows on Home what is open and how the host is, and nothing to a guest', async () => {
    await hana.getByRole('button', { name: 'maillimit', exact: true }).click()
    const home = hana.locator('#home')
    await home.getByText('1 open incident').waitFor()
    expect(await home.innerText()).toMatch(/mx1 followed since/)
    await become(hana, 'Gus Weber')
    await home.getByText(/Guests of this workspace cannot/).waitFor()
    expect(await home.innerText()).not.toMatch(/mx1/)
    await become(hana, 'Hana Mori')
    await hana.getByRole('button', { name: 'mail-ops' }).click()
  })

  it('puts the change back when the reload fails, and says so', async () => {
    expect(await press(hana, 'A broken reload')).toMatch(/next reload of Dovecot will fail/)
    expect(await press(hana, 'Another user')).toMatch(
      /hanako@example.com: \d+ sessions open, 2 logins refused/,
    )
    await approve(hana, alertOf(hana, 'hanako@example.com'))
    const alert = alertOf(hana, 'hanako@example.com')
    await alert.getByText(/Change put back/).waitFor({ timeout: 60_000 })
    await alert.locator('.thread-link').click()
    const thread = hana.locator('#thread')
    await thread.getByText(/Failed and put back, the old limit is in force/).waitFor()
    await thread.getByText('Put the old file back').waitFor()
    expect(await thread.locator('.task.error').innerText()).toMatch(
      /Reload Dovecot\s+.*the reload command failed/,
    )
    await hana.keyboard.press('Escape')
  })

  it('sees several users behind one address', async () => {
    expect(await press(hana, 'A whole office')).toMatch(/Five colleagues share the address/)
    await alertOf(hana, 'reception@example.com')
      .getByText(/Several users connect from this address/)
      .waitFor()
  })

  it('reads after a cut of the network what was logged meanwhile; a forged line is unconfirmed', async () => {
    expect(await press(hana, 'Cut the network')).toMatch(/The network is cut/)
    expect(await press(hana, 'Another user')).toMatch(/The network is cut, so nobody can log in/)
    await press(hana, 'A forged line')
    await hana.waitForTimeout(300)
    expect(await alertOf(hana, 'ceo@example.com').count()).toBe(0)
    expect(await press(hana, 'Cut the network')).toMatch(/The network is back/)
    const alert = alertOf(hana, 'ceo@example.com')
    await button(alert, 'Look again').waitFor({ timeout: 60_000 })
    expect(await alert.innerText()).toMatch(/Unconfirmed/)
    expect(await button(alert, /^Raise to/).count()).toBe(0)
  })

  it('starts afresh at the same address', async () => {
    await press(hana, 'Start afresh')
    await alertOf(hana, 'hanako@example.com').waitFor({ state: 'detached', timeout: 60_000 })
    await button(alertOf(hana, 'taro@example.com'), 'Raise to 20').waitFor({ timeout: 60_000 })
    expect(faults).toEqual([])
  })
})

/** What the page showed and the workspace knew when a test failed, for whoever reads the report. */
async function whatStood(page: Page, url: string): Promise<string> {
  const look = async (name: string) => (await fetch(`${url}/control/${name}`)).text()
  const shown = await page.locator('body').innerText()
  const focus = String(await page.evaluate('document.activeElement?.outerHTML.slice(0, 300)'))
  return `the page:\n${shown}\nfocus: ${focus}\nenvelopes: ${await look('envelopes')}\ncalls: ${await look('calls')}`
}

/** What stands in the channel for everybody about this user. */
function alertOf(page: Page, user: string): Locator {
  return page.locator('#stream article:not(.ephemeral)').filter({ hasText: user })
}

function onlyForMe(page: Page): Locator {
  return page.locator('article.ephemeral')
}

function button(place: Locator, name: string | RegExp): Locator {
  return place.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name })
}

/** Presses a button of the panel; resolves with what it says. */
async function press(page: Page, label: string): Promise<string> {
  await page.locator('.toast').evaluateAll((toasts) => toasts.forEach((toast) => toast.remove()))
  await page.locator('.panel-button').filter({ hasText: label }).click()
  const toast = page.locator('.toast').first()
  await toast.waitFor({ timeout: 60_000 })
  return toast.innerText()
}

/** Clicks Raise and says yes to the question. */
async function approve(page: Page, alert: Locator): Promise<void> {
  await button(alert, /^Raise to/).click()
  await page.locator('dialog.confirm').waitFor()
  await page.keyboard.press('Enter')
}

async function become(page: Page, name: string): Promise<void> {
  await page.getByRole('radio', { name }).check()
  await page.getByText(`you are ${name}`).waitFor()
}

async function planId(alert: Locator): Promise<string | undefined> {
  return /Plan (rem-\w+)/.exec(await alert.innerText())?.[1]
}
