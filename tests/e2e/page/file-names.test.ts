import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { addFile, createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, fileOf, saved, send } from './page-tests.ts'

const LONG = `${'a very long name of something '.repeat(6)}(final).tar.gz`

describe.skipIf(!hasBrowser())('a file’s name', () => {
  const open = useBrowser()

  test('keeps its end where it is too long for a phone, and all of it for screen readers', async () => {
    const app = await makeApp()
    const page = await open({ viewport: { width: 360, height: 740 } })
    await page.goto(`${app.url}/`)

    await choose(page, [fileOf(LONG)])
    const name = page.locator('.file-name')
    await name.waitFor()
    const isCut = await page.evaluate(`(() => {
      const { scrollHeight, clientHeight } = document.querySelector('.file-start')
      return scrollHeight > clientHeight
    })()`)
    const end = await name.locator('.file-end').boundingBox()

    expect(isCut).toBe(true)
    expect(await name.locator('.file-end').textContent()).toMatch(/\.gz$/)
    expect((end?.x ?? 0) + (end?.width ?? 0)).toBeLessThan(360)
    expect(await name.textContent()).toBe(LONG)
  })

  test('shows what would turn its letters around, before it is sent and where it was encrypted', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    const shown = 'photo[U+202E]gpj.txt'

    await choose(page, [fileOf('photo\u202Egpj.txt', 'no photo')])
    await page.getByRole('button', { name: `Remove ${shown}` }).waitFor()
    const chosen = await page.locator('.file-name').textContent()
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await send(page)
    await page.getByRole('button', { name: `Preview ${shown}` }).click()
    await page.getByText('no photo').waitFor()
    const title = await page.getByRole('dialog').getByRole('heading').textContent()
    await page.keyboard.press('Escape')
    const file = await saved(page, () => page.getByRole('button', { name: `Download ${shown}` }).click())

    expect([chosen, title]).toEqual([shown, shown])
    expect(await page.locator('.received .file-name').textContent()).toBe(shown)
    expect(file.name).toBe('photogpj.txt')
    expect(await page.locator('body').innerHTML()).not.toContain('\u202E')
  })

  test('says its place among others, its numbers as numbers, unless people want another order', async () => {
    const app = await makeApp()
    const upload = await createUpload(app)
    const sizes = { 'IMG_10.png': 3, 'IMG_2.png': 1, 'img_1.png': 2, 'b/9.txt': 6, 'b/10.txt': 5, 'a.txt': 4 }
    for (const [name, size] of Object.entries(sizes)) {
      await addFile(app, upload, 'x'.repeat(size), name.replace('/', '\u2215'))
      app.advance(1_000)
    }
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    const names = () => page.locator('.received .file-name').allTextContents()

    await page.getByLabel('Sort by').waitFor()
    const byName = await names()
    await page.getByLabel('Sort by').selectOption('Size')
    const bySize = await names()
    await page.getByLabel('Sort by').selectOption('Date')

    expect(byName).toEqual(['a.txt', 'b/9.txt', 'b/10.txt', 'img_1.png', 'IMG_2.png', 'IMG_10.png'])
    expect(bySize).toEqual(['b/9.txt', 'b/10.txt', 'a.txt', 'IMG_10.png', 'img_1.png', 'IMG_2.png'])
    expect(await names()).toEqual(Object.keys(sizes).reverse())
  })

  test('is one piece where it is short', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)

    await choose(page, [fileOf('report.pdf')])
    await page.locator('.file-start').getByText('report.pdf', { exact: true }).waitFor()

    expect(await page.locator('.file-end').count()).toBe(0)
  })
})
