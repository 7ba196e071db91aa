import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { canBootMailHosts, ensurePrerequisites } from '../mailhost/prerequisites.ts'
import { people } from '../slack/people.ts'
import { hasBrowser, openAs, openBrowser } from './browser.ts'
import { openStage } from './stage.ts'

/** `npm run screenshots`: the pictures of README.md, from the running demo. Needs chromium and fonts-noto-color-emoji. */
const FOLDER = resolve(import.meta.dirname, '../../docs/images')
const WIDTH = 1100
const WIDTH_WITH_THREAD = 1240

async function main(): Promise<void> {
  const can = canBootMailHosts()
  if (!can.ready)
    throw new Error(`The screenshots are made from the demo, which cannot run here: ${can.reason}.`)
  if (!hasBrowser()) throw new Error('No browser: apt-get install chromium fonts-noto-color-emoji')
  await ensurePrerequisites()
  const progress = (line: string): void => console.log(line)
  await using parts = new AsyncDisposableStack()
  const stage = parts.use(
    await openStage({ release: 'trixie', port: 0, progress, startAfresh: () => undefined }),
  )
  const browser = await openBrowser()
  parts.defer(() => browser.close())
  const page = await openAs(browser, stage.slack.url, people.approver)
  await stage.provoke()
  await mkdir(FOLDER, { recursive: true })
  await takeAll(page)
}

async function takeAll(page: Page): Promise<void> {
  const alert = page.locator('#stream article').first()
  await alert.getByRole('button', { name: 'Raise to 20' }).waitFor()
  await take(page, 'alert', await heightOf(page, '#stream'))

  await alert.getByRole('button', { name: 'Other value…' }).click()
  await page.locator('dialog.modal').waitFor()
  await take(page, 'modal', 700)
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'maillimit', exact: true }).click()
  await page.locator('#home').getByText('1 open incident').waitFor()
  await take(page, 'home', 520)
  await page.getByRole('button', { name: 'mail-ops' }).click()

  await alert.getByRole('button', { name: 'Raise to 20' }).click()
  await page.locator('dialog.confirm').waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.thread-link').first().click()
  await page.locator('#thread').getByText('as planned').waitFor()
  await alert.getByText('Limit raised').first().waitFor()
  // The alert stands beside it already.
  await page
    .locator('#thread .replies > *')
    .first()
    .evaluate((shown) => shown.setAttribute('hidden', ''))
  await page.setViewportSize({ width: WIDTH_WITH_THREAD, height: 900 })
  await take(page, 'thread', await heightOf(page, '#thread .replies'))
}

/** As high as a window must be to show all of that. */
async function heightOf(page: Page, selector: string): Promise<number> {
  const hidden = await page
    .locator(selector)
    .evaluate((element) => element.scrollHeight - element.clientHeight)
  return (page.viewportSize()?.height ?? 0) + hidden
}

async function take(page: Page, name: string, height: number): Promise<void> {
  await page.setViewportSize({ width: page.viewportSize()?.width ?? WIDTH, height })
  await page.mouse.move(0, 0)
  await page.locator('#stream').evaluate((stream) => stream.scrollTo(0, 0))
  const path = `${FOLDER}/${name}.png`
  await page.screenshot({ path })
  console.log(path)
}

await main()
