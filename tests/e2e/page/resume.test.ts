import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import {
  cancelSending,
  choose,
  closeWhileSending,
  fileInPieces,
  fileOf,
  offsetsSentBy,
  saved,
  send,
  sendSlowly,
  sha256,
} from './page-tests.ts'

const linkReady = (page: Page) => page.getByRole('heading', { name: 'Your link is ready' }).waitFor()

describe.skipIf(!hasBrowser())('an upload on the page', () => {
  const open = useBrowser()

  test('continues by itself after the connection was lost', { timeout: 40_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const content = randomBytes(12_000_000)
    const page = await open()
    await page.goto(`${line.url}/`)
    const offsets = offsetsSentBy(page)
    await choose(page, [fileOf('large.bin', content)])
    await sendSlowly(page, line)

    line.cut()
    await page.getByRole('heading', { name: 'Waiting for the connection' }).waitFor()
    line.mend()
    line.limit(Number.POSITIVE_INFINITY)
    await linkReady(page)

    const file = await saved(page, () => page.getByRole('link', { name: 'Download large.bin' }).click())
    expect(sha256(file.bytes)).toBe(sha256(content))
    expect(offsets.at(0)).toBe(0)
    expect(offsets.at(-1)).toBeGreaterThan(0)
  })

  test('continues by itself when nothing moves any more, though the connection stands', async () => {
    const app = await makeApp()
    const page = await open({})
    await page.clock.install()
    let requests = 0
    await page.route('**/tus/*', (route) => {
      requests += 1
      return requests === 1 ? undefined : route.continue() // the first gets no answer
    })
    await page.goto(`${app.url}/`)
    await choose(page, [fileInPieces('a.bin')])
    await page.getByRole('button', { name: 'Send 1 file' }).click()
    await expect.poll(() => requests).toBe(1)

    const link = page.getByRole('heading', { name: 'Your link is ready' })
    while ((await link.count()) === 0) await page.clock.runFor(10_000)

    expect(requests).toBeGreaterThan(1)
  })

  test('continues from where it was when the page was closed, with the same file', { timeout: 40_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const content = randomBytes(12_000_000)
    const page = await open()
    await page.goto(`${line.url}/`)
    await choose(page, [fileOf('large.bin', content)])

    const later = await closeWhileSending(page, line)
    const offsets = offsetsSentBy(later)
    await later.goto(`${line.url}/`)
    await later.getByRole('heading', { name: 'An upload was interrupted' }).waitFor()
    await later.locator('.unfinished input[type=file]').setInputFiles([fileOf('other.bin', 'other')])
    await later.getByRole('alert').filter({ hasText: 'These files don’t match' }).waitFor()
    await later.locator('.unfinished input[type=file]').setInputFiles([fileOf('large.bin', content)])
    await linkReady(later)

    const file = await saved(later, () => later.getByRole('link', { name: 'Download large.bin' }).click())
    expect(sha256(file.bytes)).toBe(sha256(content))
    expect(offsets.at(0)).toBeGreaterThan(0)
    await later.goto(`${line.url}/`)
    await later.getByRole('heading', { name: 'Share files' }).waitFor()
    expect(await later.getByText('An upload was interrupted').count()).toBe(0)
  })

  test('can be paused, continued and discarded', { timeout: 40_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const page = await open()
    await page.goto(`${line.url}/`)
    await choose(page, [fileOf('large.bin', randomBytes(12_000_000)), fileOf('unwanted.bin', randomBytes(12_000_000))])
    await sendSlowly(page, line)

    await page.getByRole('button', { name: 'Don’t send unwanted.bin' }).click()
    await page.getByRole('button', { name: 'Stop sending' }).click()
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    const [first, second] = [await percent(page), await percent(page)]
    line.limit(Number.POSITIVE_INFINITY)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await linkReady(page)

    expect(second).toBe(first)
    expect(await page.locator('.received .file-name').allTextContents()).toEqual(['large.bin'])
  })

  test('that is cancelled leaves nothing on the server', async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const page = await open()
    await page.goto(`${line.url}/`)
    const created = page.waitForResponse((response) => response.url().endsWith('/upload'))
    await choose(page, [fileOf('large.bin', randomBytes(12_000_000))])
    await sendSlowly(page, line)
    const { id } = (await (await created).json()) as { id: string }

    const removed = page.waitForResponse(
      (response) => response.request().method() === 'DELETE' && response.url().endsWith(id),
    )
    await cancelSending(page)
    await removed

    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    expect((await fetch(`${app.url}/upload/${id}`)).status).toBe(404)
  })

  test('takes more files later', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('first.txt', 'first')])
    const link = await send(page)

    await page
      .locator('.received input[type=file]')
      .first()
      .setInputFiles([fileOf('second.txt', 'second')])
    await page.locator('.received').getByText('second.txt').waitFor()

    expect(page.url()).toBe(link)
    expect(await page.locator('.received .file-name').allTextContents()).toEqual(['first.txt', 'second.txt'])
  })
})

const percent = async (page: Page): Promise<string> => (await page.locator('.total-figures').textContent()) ?? ''
