import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { saved } from './page-tests.ts'

describe.skipIf(!hasBrowser())('what a browser can’t show', () => {
  const open = useBrowser()

  test.each(['photo.heic', 'film.mkv', 'sound.flac'])(
    'is reported for %s, which can be downloaded instead',
    async (name) => {
      const app = await makeApp()
      const content = new Uint8Array(randomBytes(5_000))
      const { upload } = await givenFile(app, {}, content, name)
      const page = await open()
      await page.goto(`${app.url}/#/?id=${upload.id}`)

      await page.getByRole('button', { name: `Preview ${name}` }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('This browser can’t show this file').waitFor()
      const file = await saved(page, () => dialog.getByRole('link', { name: `Download ${name}` }).click())

      expect(file.bytes.equals(content)).toBe(true)
    },
  )

  test('is not said of Chinese text in GBK', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, new Uint8Array([0xc4, 0xe3, 0xba, 0xc3]), '你好.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)

    await page.getByRole('button', { name: 'Preview 你好.txt' }).click()

    await expect.poll(() => page.locator('.preview.text').textContent()).toBe('你好')
  })

  test('a hostile message leaves the console empty, and what is harmless in it is shown', async () => {
    const app = await makeApp()
    const comments = [
      '<p style="color:red" onclick="alert(1)">first</p>',
      '<img src="https://evil.example/x" onerror="alert(1)"> <svg onload=alert(1)><style>p{color:red}</style></svg>',
      '<a href="https://example.org" onmouseover="alert(1)" style="x">link</a> <b title=">" onclick=x>bold</b>',
      '<script>alert(1)</script><iframe srcdoc="<p style=x>"></iframe><style>p{}</style><base href=//evil.example>',
      '**strong** <img title="a>b" onerror="x" style="y" src=x>',
    ].join('\n\n')
    const { upload } = await givenFile(app, { comments })
    const page = await open()
    const console: string[] = []
    page.on('console', (message) => console.push(message.text()))
    page.on('pageerror', (error) => console.push(error.message))

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.locator('.message strong').waitFor()

    expect(await page.locator('.message a').first().getAttribute('href')).toBe('https://example.org')
    expect(await page.locator('.message b').textContent()).toContain('bold')
    expect(await page.locator('.message :is(img, svg, style, script, iframe, base, [style], [onclick])').count()).toBe(
      0,
    )
    expect(console).toEqual([])
  })

  test('a page that could not be loaded comes by itself once the device is online again', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    await page.evaluate('window.isTheSame = true')
    await page.context().setOffline(true)
    await page.evaluate("location.hash = '#/ask'")
    await page.getByRole('button', { name: 'Reload' }).waitFor()

    await page.context().setOffline(false)

    await page.getByRole('heading', { name: 'Request files' }).waitFor()
    expect(await page.evaluate('window.isTheSame')).toBe(true)
  })
})
