import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where CI runs, a missing browser is a failure; on a laptop it is said, and its tests are skipped. */
export function hasBrowser(): boolean {
  if (existsSync(CHROMIUM)) return true
  if (process.env.CI) throw new Error('Chromium is not installed, so the pages could not be tested')
  console.warn(
    '\n⚠ NOT TESTED: Chromium is not installed (Debian: apt-get install chromium), the pages are not tested.\n',
  )
  return false
}

export const launchBrowser = (flags: string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] })

/** One browser for a test file; `open` gives a page of its own to each test. */
export function useBrowser(flags: string[] = []) {
  let browser: Promise<Browser> | undefined
  afterAll(async () => (await browser)?.close())
  return async (options: BrowserContextOptions = {}): Promise<Page> => {
    browser ??= launchBrowser(flags)
    return (await (await browser).newContext(options)).newPage()
  }
}
