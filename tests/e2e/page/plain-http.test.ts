import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { givenEncrypted } from './encrypted.ts'
import { saved } from './page-tests.ts'

/** Browsers trust 127.0.0.1; over plain HTTP under any other name they have no cryptography, no service workers, no file pickers. */
const NAME = 'mayfly.example'
const overPlainHttp = (link: string): string => link.replace('127.0.0.1', NAME)

describe.skipIf(!hasBrowser())('over plain HTTP', () => {
  const open = useBrowser([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`])

  test('an encrypted upload asks for HTTPS, and reports no tampering', async () => {
    const app = await makeApp()
    const { link, upload } = await givenEncrypted(app, [{ path: 'plans.txt', content: 'secret' }], {
      message: 'sealed as well',
    })
    const page = await open()

    await page.goto(overPlainHttp(link))

    await page.getByText('This page can decrypt only over HTTPS').waitFor()
    expect(await page.getByText('plans.txt').count()).toBe(1)
    expect(await page.getByText('Do not trust this link').count()).toBe(0)
    expect(await page.getByText('sealed as well').count()).toBe(0)
    expect(upload.id).not.toBe('')
  })

  test('an encrypted file needs HTTPS, and none of it is downloaded', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'once.txt', content: 'secret' }], { oneShot: true })
    const page = await open()
    await page.goto(overPlainHttp(link))

    await page.getByRole('button', { name: 'Download once.txt' }).click()

    await page.getByRole('alert').filter({ hasText: 'This page can decrypt only over HTTPS' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Download once.txt' }).waitFor()
  })

  test('with a whitelist, the form without JavaScript sends, and a page of another site does not', async () => {
    const app = await makeApp({ UPLOAD_WHITELIST: '127.0.0.1' })
    const evil = createServer((_request, response) =>
      response
        .setHeader('Content-Type', 'text/html')
        .end(`<form method="post" action="${overPlainHttp(app.url)}/" enctype="multipart/form-data">
          <input type="file" name="file"><button>Upload</button></form>`),
    )
    await new Promise<void>((resolve) => void evil.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void evil.close())
    const file = { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }
    const page = await open({ javaScriptEnabled: false })

    await page.goto(`${overPlainHttp(app.url)}/`)
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByRole('button', { name: 'Upload' }).click()
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()

    await page.goto(`http://${NAME}:${(evil.address() as AddressInfo).port}/`)
    await page.locator('input[type=file]').setInputFiles(file)
    const answered = page.waitForResponse((response) => response.request().method() === 'POST')
    await page.getByRole('button', { name: 'Upload' }).click()
    expect((await answered).status()).toBe(403)
  })

  test('a large file behind a password is left to the browser, which asks for it', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { upload } = await givenFile(app, { password: 'secret' }, 'hello', 'large.bin')
    await db
      .updateTable('files')
      .set({ size: 256 * 1024 * 1024 + 1 })
      .execute()
    const page = await open()
    await page.goto(overPlainHttp(`${app.url}/#/?id=${upload.id}`))
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('Your browser will ask for the password again. The user name is “plik”.').first().waitFor()

    const [asked] = await Promise.all([
      page.waitForResponse((response) => response.request().isNavigationRequest()),
      page.getByRole('link', { name: 'Download large.bin' }).click(),
    ])

    expect([asked.status(), asked.headers()['www-authenticate']]).toEqual([401, 'Basic realm="plik", charset="UTF-8"'])
    expect(new URL(asked.url()).pathname).toMatch(/^\/file\/.*\/large\.bin$/)
  })

  test('a small one passes through the page, which does not ask again', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { password: 'secret' }, 'hello', 'small.txt')
    const page = await open()
    await page.goto(overPlainHttp(`${app.url}/#/?id=${upload.id}`))
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Open' }).click()

    const file = await saved(page, () => page.getByRole('button', { name: 'Download small.txt' }).click())

    expect(file.bytes.toString()).toBe('hello')
  })
})
