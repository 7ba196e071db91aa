import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** Debian's chromium: apt-get install chromium. */
export function hasBrowser(): boolean {
  return existsSync(CHROMIUM)
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** The workspace as this person sees it. */
export async function openAs(browser: Browser, url: string, userId: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, reducedMotion: 'reduce' })
  page.setDefaultTimeout(20_000)
  // Chromium breaks off what it loads whenever a network interface of the machine comes or goes.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    // To the same address with a #, it would not load again.
    await page.goto('about:blank')
    await page.goto(`${url}/#${userId}`).catch(() => undefined)
    const isThere = await page
      .waitForSelector('.side', { timeout: 3000 })
      .then(() => true)
      .catch(() => false)
    if (isThere) return page
    await sleep(100)
  }
  throw new Error(`The page at ${url} does not come up`)
}
