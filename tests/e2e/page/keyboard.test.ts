import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { fileOf, saved } from './page-tests.ts'

/** Goes on with Tab until the focus is on what has this name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press('Tab')
    const label = await page.evaluate(
      '(document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "").trim()',
    )
    if (name.test(String(label))) return
  }
  throw new Error(`nothing called ${name} can be reached with Tab`)
}

describe.skipIf(!hasBrowser())('the page with the keyboard alone', () => {
  const open = useBrowser()

  test('sends and receives', async () => {
    const app = await makeApp()
    const page = await open()
    const chooser = page.waitForEvent('filechooser')
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    await tabTo(page, /^Choose files$/)
    await page.keyboard.press('Enter')
    await (await chooser).setFiles([fileOf('a.txt', 'by keyboard')])
    await page.getByRole('heading', { name: 'Ready to send' }).waitFor()
    await tabTo(page, /^Send 1 file/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    await tabTo(page, /^Download a\.txt$/)
    const file = await saved(page, () => page.keyboard.press('Enter'))

    expect(file.bytes.toString()).toBe('by keyboard')
  })

  test('goes past the head of the page at once', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    expect(await page.locator(':focus').getAttribute('id')).toBe('main')
  })
})
