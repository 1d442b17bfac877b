import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { addFile, createUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { saved } from './page-tests.ts'

/** Changes on the server while the page is open. */

describe.skipIf(!hasBrowser())('a page that is open', () => {
  const open = useBrowser()

  test('notices that the sender of a stream has come, and says so aloud', async () => {
    const app = await makeApp()
    const upload = await createUpload(app, { stream: true, files: [{ fileName: 'later.txt' }] })
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('heading', { name: 'Not available yet' }).waitFor()

    const file = upload.files?.[0]
    const headers = { 'X-UploadToken': upload.uploadToken }
    const sending = fetch(`${app.url}/stream/${upload.id}/${file?.id}/later.txt`, {
      method: 'POST',
      headers,
      body: fileForm('from hand to hand', 'later.txt'),
    })
    await page.getByRole('status').filter({ hasText: 'Ready to download: later.txt' }).waitFor()
    const received = await saved(page, () => page.getByRole('link', { name: 'Download later.txt' }).click())

    expect(received.bytes.toString()).toBe('from hand to hand')
    expect((await sending).status).toBe(200)
  })

  test('shows when a file that was being uploaded becomes available', async () => {
    const app = await makeApp()
    const upload = await createUpload(app, { files: [{ fileName: 'slow.txt' }] })
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByText('Not uploaded yet').waitFor()

    await addFile(app, upload, 'arrived', 'slow.txt')

    await page.getByRole('link', { name: 'Download slow.txt' }).waitFor()
  })

  test('asks nothing again of an upload that is complete and not limited', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const page = await open({})
    await page.clock.install()
    let questions = 0
    page.on('request', (request) => {
      if (request.url().endsWith(`/upload/${upload.id}`)) questions++
    })
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download a.txt' }).waitFor()

    await page.clock.runFor(60_000)

    expect(questions).toBe(1)
  })

  test('shows that a one-time file is unavailable after its download', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { oneShot: true }, 'only once', 'once.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)

    await saved(page, () => page.getByRole('link', { name: 'Download once.txt' }).click())

    await page.getByText('All files have been downloaded or deleted.').waitFor()
    expect(await page.getByRole('link', { name: /^Download/ }).count()).toBe(0)
  })

  test('counts down the downloads that are left', async () => {
    const app = await makeApp()
    const { upload, url } = await givenFile(app, { maxDownloads: 3 }, 'thrice', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByText('3 downloads left').waitFor()

    await (await fetch(url)).text()
    await page.getByText('2 downloads left').waitFor()
    await saved(page, () => page.getByRole('link', { name: 'Download a.txt' }).click())

    await page.getByText('one download left').waitFor()
  })

  test('says that the time is up as soon as it is', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { ttl: 4 }, 'hello', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download a.txt' }).waitFor()

    app.advance(4_000)

    await page.getByRole('heading', { name: 'Expired' }).waitFor()
    expect(await page.getByRole('link', { name: /^Download/ }).count()).toBe(0)
  })

  test('keeps what it shows while the server can’t be asked', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { maxDownloads: 3 }, 'thrice', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByText('3 downloads left').waitFor()

    await page.context().setOffline(true)
    await page.waitForEvent('requestfailed')

    expect(await page.getByText('3 downloads left').count()).toBe(1)
  })
})

describe.skipIf(!hasBrowser())('a download that fails', () => {
  const open = useBrowser()

  test.each([
    ['one file', 'Download a.txt'],
    ['all files', /^Download all/],
  ])('of %s says why, and saves nothing', async (_, name) => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    await addFile(app, upload, 'hello', 'b.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download a.txt' }).waitFor()
    const headers = { 'X-UploadToken': upload.uploadToken }
    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })
    let downloads = 0
    page.on('download', () => downloads++)

    await page.getByRole('link', { name }).click()

    await page.getByRole('alert').filter({ hasText: 'This file is no longer available' }).waitFor()
    expect(downloads).toBe(0)
  })

  test('from a download domain is resumed by the client that started it, and by no other', async () => {
    const domain = await slowLine(() => app.url)
    const app = await makeApp({ DOWNLOAD_DOMAIN: domain.url })
    const content = 'x'.repeat(20_000_000)
    const upload = await createUpload(app, { oneShot: true })
    await addFile(app, upload, content, 'once.txt')
    const [page, other] = [await open(), await open()]
    for (const one of [page, other]) await one.goto(`${app.url}/#/?id=${upload.id}`)
    const download = page.getByRole('link', { name: 'Download once.txt' })
    await download.waitFor()
    domain.limitAnswers(2_000_000)
    const [begun] = await Promise.all([page.waitForEvent('download'), download.click()])
    await begun.cancel()
    domain.limitAnswers(Number.POSITIVE_INFINITY)

    await other.getByRole('link', { name: 'Download once.txt' }).click()
    await other.getByRole('alert').filter({ hasText: 'Someone else is downloading this' }).waitFor()
    const again = await saved(page, () => download.click())

    expect(again.bytes.length).toBe(content.length)
  })
})
