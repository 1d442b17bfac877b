import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { type CreatedUpload, createUpload, fileForm } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, fileOf, saved } from './page-tests.ts'

describe.skipIf(!hasBrowser())('files that are only passed on', () => {
  const open = useBrowser()

  test('go from one page to the other while both are open', async () => {
    const app = await makeApp({ FEATURE_STREAM: 'forced' })
    const sender = await open()
    await sender.goto(`${app.url}/`)
    await choose(sender, [fileOf('passed on.txt', 'from hand to hand')])
    await sender.getByRole('button', { name: /^Send 1 file/ }).click()
    const link = await sender.getByLabel('Go to the link').inputValue()

    const receiver = await open()
    await receiver.goto(link)
    const file = await saved(receiver, () => receiver.getByRole('link', { name: 'Download passed on.txt' }).click())

    expect(file.bytes.toString()).toBe('from hand to hand')
    await sender.getByRole('heading', { name: 'Your link is ready' }).waitFor()
  })

  test('are said not to be there yet while nobody sends them, and appear by themselves', async () => {
    const app = await makeApp()
    const upload = await createUpload(app, { stream: true, files: [{ fileName: 'later.txt' }] })
    const page = await open()
    await page.clock.install()

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('heading', { name: 'Not there yet' }).waitFor()
    expect(await page.getByRole('link', { name: /^Download/ }).count()).toBe(0)

    const sending = fetch(`${app.url}/stream/${upload.id}/${upload.files?.[0]?.id}/later.txt`, {
      method: 'POST',
      headers: { 'X-UploadToken': upload.uploadToken },
      body: fileForm('here it is', 'later.txt'),
    })
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${app.url}/upload/${upload.id}`)).json()) as CreatedUpload).files?.[0]?.status,
      )
      .toBe('uploading')
    await page.clock.fastForward(5_000)
    const file = await saved(page, () => page.getByRole('link', { name: 'Download later.txt' }).click())

    expect(file.bytes.toString()).toBe('here it is')
    expect((await sending).status).toBe(200)
  })
})
