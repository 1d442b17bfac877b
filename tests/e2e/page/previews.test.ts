import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { withTiffFields } from '../../helpers/images.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, fileOf, send } from './page-tests.ts'

const picture = (): Promise<Buffer> =>
  sharp({ create: { width: 600, height: 300, channels: 3, background: '#2a9d8f' } })
    .jpeg()
    .withExif({ IFD0: { Make: 'Camera' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
    .toBuffer()

describe.skipIf(!hasBrowser())('a look at what was sent', () => {
  const open = useBrowser()

  test('warns before its link is copied that a file still contains its location', async () => {
    const app = await makeApp()
    const page = await open()
    const place = [{ tag: 34853, value: [{ tag: 29, value: '2026:11:23' }] }]
    const raw = withTiffFields(
      await sharp(await picture())
        .tiff()
        .toBuffer(),
      [{ tag: 50706, value: 0x0401 }, ...place],
    )
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('raw.dng', raw)])
    await send(page)

    await page.getByText('Still contains its location').waitFor()
  })

  test('shows a photo, small in the list and large in front, and what was removed from it', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('beach.jpg', await picture())])
    await send(page)

    const thumbnail = page.locator('.received .file-icon img')
    await expect.poll(() => thumbnail.evaluate((image: { naturalWidth?: number }) => image.naturalWidth)).toBe(128)
    await page.getByText('Removed: location, camera data').waitFor()
    await page.getByRole('button', { name: 'Preview beach.jpg' }).click()

    const large = page.getByRole('img', { name: 'beach.jpg' })
    await expect.poll(() => large.evaluate((image: { naturalWidth?: number }) => image.naturalWidth)).toBe(600)
  })

  test('shows a text as text, whatever it says', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, '<script>document.title = "ran"</script>', 'evil.html')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)

    await page.getByRole('button', { name: 'Preview evil.html' }).click()

    expect(await page.locator('.preview.text').textContent()).toContain('<script>')
    expect(await page.title()).not.toContain('ran')
  })

  test('ends with Back, which leaves the list as it was', async () => {
    const app = await makeApp()
    const upload = await createUpload(app)
    for (let n = 0; n < 15; n++) await addFile(app, upload, 'looked at', `${n}.txt`)
    const page = await open({ viewport: { width: 800, height: 600 } })
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    const look = page.getByRole('button', { name: 'Preview 14.txt' })
    await look.scrollIntoViewIfNeeded()
    const height = await page.evaluate('scrollY')

    await look.click()
    await page.getByText('looked at').waitFor()
    await page.goBack()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const after = { height: await page.evaluate('scrollY'), url: page.url() }
    await look.click()
    await page.getByText('looked at').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.goBack()
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    expect(height).toBeGreaterThan(500)
    expect(after).toEqual({ height, url: `${app.url}/#/?id=${upload.id}` })
  })

  test('is not offered where it would use up a download', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { maxDownloads: 2 }, 'hello', 'a.txt')
    const page = await open()

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download a.txt' }).waitFor()

    expect(await page.getByRole('button', { name: 'Preview a.txt' }).count()).toBe(0)
  })

  test('opens what is encrypted, and what is behind a password', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt', 'looked at'), fileOf('beach.jpg', await picture())])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await page.getByLabel('Password').fill('secret')
    const link = await send(page)
    const receiver = await open()
    await receiver.goto(link)
    await receiver.getByLabel('Password').fill('secret')
    await receiver.getByRole('button', { name: 'Open' }).click()

    await receiver.getByRole('button', { name: 'Preview a.txt' }).click()
    await receiver.getByText('looked at').waitFor()
    await receiver.keyboard.press('Escape')
    await receiver.getByRole('button', { name: 'Preview beach.jpg' }).click()

    const large = receiver.getByRole('img', { name: 'beach.jpg' })
    await expect.poll(() => large.evaluate((image: { naturalWidth?: number }) => image.naturalWidth)).toBe(600)
  })

  test('a message is Markdown, and nothing in it runs or loads', async () => {
    const app = await makeApp()
    const comments =
      '**bold** [link](https://example.org) [bad](javascript:alert(1)) <img src=https://evil.example/x onerror=alert(1)><script>document.title="ran"</script><form action=//evil><input></form>'
    const { upload } = await givenFile(app, { comments })
    const page = await open()
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.locator('.message strong').waitFor()

    const hrefs = await page
      .locator('.message a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    expect(hrefs).toEqual(['https://example.org', null])
    expect(await page.locator('.message :is(img, script, form, input)').count()).toBe(0)
    expect(await page.title()).not.toContain('ran')
    expect(requests.filter((url) => !url.startsWith(app.url))).toEqual([])
  })

  test('a message that takes the Markdown parser seconds is given up, and stays text', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { comments: `**start**\n\n${'***a**_'.repeat(4_600)}` })
    const page = await open()
    const parser = page.waitForEvent('worker')

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    const worker = await parser
    await new Promise((resolve) => worker.once('close', resolve))

    expect((await page.locator('.message').textContent())?.slice(0, 9)).toBe('**start**')
  })
})
