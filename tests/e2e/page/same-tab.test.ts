import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { givenEncrypted } from './encrypted.ts'

/** Browsers load nothing anew when only what is after `#` changes. */

describe.skipIf(!hasBrowser())('another link of the same upload, in the same tab', () => {
  const open = useBrowser()

  test('brings the key that was missing, and another one after it', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'secret' }])
    const { secret: other } = await givenEncrypted(app, [])
    const page = await open()
    await page.goto(link.replace(/&key=.*/, ''))
    await page.getByRole('heading', { name: 'The key is missing' }).waitFor()

    await page.goto(link)
    await page.getByText('a.txt').waitFor()
    await page.goto(link.replace(/&key=.*/, `&key=${other}`))

    await page.getByRole('heading', { name: 'The key is wrong' }).waitFor()
    expect(await page.getByText('a.txt').count()).toBe(0)
  })

  test('gives the rights of an administrator, and its token never stays in the address', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download a.txt' }).waitFor()

    await page.goto(`${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}`)
    await page.getByRole('button', { name: 'Delete everything' }).waitFor()
    await page.goto(`${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}`)

    await expect.poll(() => page.url()).toBe(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('button', { name: 'Delete everything' }).waitFor()
  })

  test('keeps those rights where the browser remembers nothing', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const page = await open()
    await page.addInitScript(
      'Object.defineProperty(window, "sessionStorage", { get() { throw new Error("blocked") } })',
    )
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download a.txt' }).waitFor()

    await page.goto(`${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}`)

    await page.getByRole('button', { name: 'Delete everything' }).waitFor()
    expect(page.url()).toBe(`${app.url}/#/?id=${upload.id}`)
  })
})
