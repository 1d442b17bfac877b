import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, fileOf } from './page-tests.ts'

const LONG = `${'a very long name of something '.repeat(6)}(final).tar.gz`

describe.skipIf(!hasBrowser())('a file’s name', () => {
  const open = useBrowser()

  test('keeps its end where it is too long for a phone, and all of it for whoever listens', async () => {
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

  test('is one piece where it is short', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)

    await choose(page, [fileOf('report.pdf')])
    await page.locator('.file-start').getByText('report.pdf', { exact: true }).waitFor()

    expect(await page.locator('.file-end').count()).toBe(0)
  })
})
