import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { createUpload } from '../../helpers/client.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { choose, fileOf } from './page-tests.ts'

/** Each of many small files costs the same, however many there are. */

/** Two blocks of rows and what is left of a third. */
const MOST_ROWS = 120

const rowsIn = (page: Page) => page.locator('li.file').count()

describe.skipIf(!hasBrowser())('the page with many small files', () => {
  const app = sharedApp({ MAX_FILES_PER_UPLOAD: '5000' })
  const open = useBrowser()

  test('draws only the rows near what is seen', async () => {
    const page = await open()
    await page.goto(`${app.url}/`)

    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    await page.evaluate(`{
      const dataTransfer = new DataTransfer()
      for (let index = 0; index < 5_000; index++) dataTransfer.items.add(new File([''], 'file-' + index + '.bin'))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    }`)
    await page.getByText('file-0.bin', { exact: true }).waitFor()
    const atTheStart = await rowsIn(page)
    await page.evaluate('document.querySelector(".rows").scrollIntoView({ block: "end" })')
    await page.getByText('file-4999.bin', { exact: true }).waitFor()
    const atTheEnd = await rowsIn(page)

    expect(atTheStart).toBeLessThanOrEqual(MOST_ROWS)
    expect(atTheEnd).toBeLessThanOrEqual(MOST_ROWS)
    expect(await page.getByText('file-0.bin', { exact: true }).count()).toBe(0)
  })

  test('draws only the received rows that were near what is seen, in any order', async () => {
    const files = Array.from({ length: 5_000 }, (_, index) => ({ fileName: `file-${index}.bin`, fileSize: index + 1 }))
    const { id } = await createUpload(app, { files })
    const page = await open()
    await page.goto(`${app.url}/#/?id=${id}`)

    await page.getByText('file-0.bin', { exact: true }).waitFor()
    const atTheStart = await rowsIn(page)
    await page.evaluate('document.querySelector(".rows").scrollIntoView({ block: "end" })')
    await page.getByText('file-4999.bin', { exact: true }).waitFor()
    const afterAJump = await rowsIn(page)
    await page.evaluate('scrollTo(0, 0)')
    await page.getByLabel('Sort by').selectOption('Size')
    await page.getByText('file-4998.bin', { exact: true }).waitFor()

    expect(atTheStart).toBeLessThanOrEqual(MOST_ROWS)
    expect(afterAJump).toBeLessThanOrEqual(3 * MOST_ROWS)
  })

  test('sends 2,000 files, and neither asks for the list nor writes its notes for each of them', {
    timeout: 480_000,
  }, async () => {
    const page = await open()
    const lists: string[] = []
    page.on('request', (request) => {
      if (request.method() === 'GET' && request.url().includes('/upload/')) lists.push(request.url())
    })
    await page.addInitScript(`
      globalThis.notes = 0
      globalThis.mostRows = 0
      const count = () => { mostRows = Math.max(mostRows, document.querySelectorAll('li.file').length) }
      new MutationObserver(count).observe(document, { childList: true, subtree: true })
      const { setItem } = Storage.prototype
      Storage.prototype.setItem = function (...entry) { globalThis.notes += 1; setItem.apply(this, entry) }`)
    await page.goto(`${app.url}/`)
    await choose(page, filesOf(2_000, 'svg'))
    const begunAt = Date.now()

    await page.getByRole('button', { name: 'Send 2000 files' }).click()
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor({ timeout: 450_000 })

    const seconds = (Date.now() - begunAt) / 1000
    expect(await page.evaluate('globalThis.mostRows')).toBeLessThanOrEqual(MOST_ROWS)
    expect(lists.length).toBeLessThanOrEqual(3 + seconds / 2)
    expect(await page.evaluate('globalThis.notes')).toBeLessThanOrEqual(15 + seconds * 4)
  })
})

const filesOf = (count: number, type: string) =>
  Array.from({ length: count }, (_, index) => fileOf(`file-${index}.${type}`, `${index}`))
