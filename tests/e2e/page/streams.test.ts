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
    await sender.getByRole('heading', { name: 'Waiting for the recipient' }).waitFor()
    const sending = await sender.locator('main').textContent()

    const receiver = await open()
    await receiver.goto(link)
    await receiver.getByText('an interrupted download can’t be resumed').waitFor()
    const received = await receiver.locator('main').textContent()
    const file = await saved(receiver, () => receiver.getByRole('link', { name: 'Download passed on.txt' }).click())

    expect(file.bytes.toString()).toBe('from hand to hand')
    await sender.getByRole('heading', { name: 'All files have been downloaded' }).waitFor()
    expect(sending).toContain('Each file waits 5 minutes for a download')
    expect(received).toContain('Link open until ')
    expect([sending, received, await sender.locator('main').textContent()].join()).not.toMatch(
      /Expires in|Pause|choose the same files again/,
    )
  })

  test('say that they wait again when the receiver has stopped fetching', async () => {
    const app = await makeApp({ FEATURE_STREAM: 'forced' })
    const sender = await open()
    await sender.goto(`${app.url}/`)
    await sender.getByText('Options').click()
    await sender.getByLabel('Keep the link for').waitFor()
    await choose(sender, [fileOf('large.bin', Buffer.alloc(24_000_000))])
    await sender.getByRole('button', { name: /^Send 1 file/ }).click()
    await sender.getByRole('heading', { name: 'Waiting for the recipient' }).waitFor()
    const link = new URL(await sender.getByLabel('Go to the link').inputValue())
    const id = new URLSearchParams(link.hash.slice(3)).get('id')
    const upload = (await (await fetch(`${app.url}/upload/${id}`)).json()) as CreatedUpload

    const reader = (await fetch(`${app.url}/stream/${id}/${upload.files?.[0]?.id}/large.bin`)).body?.getReader()
    await reader?.read()
    await sender.getByRole('heading', { name: 'Sending 1 file' }).waitFor()
    await sender.getByRole('heading', { name: 'Waiting for the recipient' }).waitFor()

    for (let part = await reader?.read(); part && !part.done; part = await reader?.read());
    await sender.getByRole('heading', { name: 'All files have been downloaded' }).waitFor()
  })

  test('are shown as not available before they are sent, and appear automatically', async () => {
    const app = await makeApp()
    const upload = await createUpload(app, { stream: true, files: [{ fileName: 'later.txt' }] })
    const page = await open({})
    await page.clock.install()

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('heading', { name: 'Not available yet' }).waitFor()
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
