import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { givenUser, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { addFile, type CreatedUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { choose, fileOf, logIn, sendSlowly } from './page-tests.ts'

/** How many colours an element has on the screen, but for those of smoothed edges. */
async function coloursOf(page: Page, selector: string): Promise<number> {
  const png = await page.locator(selector).first().screenshot()
  const { data } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const counts = new Map<string, number>()
  for (let at = 0; at < data.length; at += 3) {
    const colour = data.subarray(at, at + 3).join()
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  return [...counts.values()].filter((count) => count > data.length / 3 / 50).length
}

const backgroundOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`)

describe.skipIf(!hasBrowser())('where the device chooses the colours', () => {
  const open = useBrowser()

  test('switches and progress are seen', { timeout: 60_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const page = await open({ forcedColors: 'active' })
    await page.goto(`${line.url}/`)
    await choose(page, [fileOf('large.bin', Buffer.alloc(12_000_000))])
    await page.getByText('Options').click()
    const field = page.getByLabel('Anyone with the link can delete the files')

    await field.waitFor()
    const off = await backgroundOf(page, '.switch input:not(:checked)')
    await field.check()
    const on = await backgroundOf(page, '.switch input:checked')
    const button = await page.evaluate(`getComputedStyle(document.querySelector('.primary')).forcedColorAdjust`)
    await sendSlowly(page, line)

    expect(on).not.toBe(off)
    expect(button).toBe('none') // else its words get a background of their own, in their colour
    expect(await coloursOf(page, '.total progress')).toBe(3)
  })

  test('meters, rankings and the current tab are seen', async () => {
    const app = await makeApp({ ...WITH_ACCOUNTS, MAX_USER_SIZE: '1MB' })
    await givenUser(app, 'chief', { isAdmin: true })
    const headers = await sessionOf(app, 'chief')
    const upload = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload`, { method: 'POST', headers, body: '{}' }))
    await addFile(app, upload, 'x'.repeat(500_000))
    await (await fetch((await givenFile(app)).url)).arrayBuffer()
    const page = await open({ forcedColors: 'active' })
    await page.goto(`${app.url}/#/account`)
    await logIn(page, 'chief')

    await page.getByRole('meter').waitFor()
    const colours = await coloursOf(page, 'meter')
    await page.goto(`${app.url}/#/admin`)
    await page.locator('.ranking-bar').first().waitFor()

    expect(colours).toBe(3)
    expect(await backgroundOf(page, '.ranking-bar')).not.toBe(await backgroundOf(page, '.card'))
    expect(
      await page.evaluate(`getComputedStyle(document.querySelector('.tabs [aria-current]')).textDecorationLine`),
    ).toBe('underline')
  })
})
