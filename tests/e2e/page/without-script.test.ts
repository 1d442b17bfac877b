import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { phonePhoto } from '../../server/images/given.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe.skipIf(!hasBrowser())('the page without JavaScript', () => {
  const open = useBrowser()

  test('sends files and shows links that deliver them', async () => {
    const app = await makeApp()
    const folder = temporaryFolder()
    writeFileSync(join(folder, '你好 <b>.txt'), 'first')
    writeFileSync(join(folder, 'second.bin'), Buffer.alloc(300_000, 7))
    const page = await open({ javaScriptEnabled: false })

    await page.goto(`${app.url}/`)
    await page.locator('input[type=file]').setInputFiles([join(folder, '你好 <b>.txt'), join(folder, 'second.bin')])
    await page.getByLabel('Keep for').selectOption('1 hour')
    await page.getByRole('button', { name: 'Upload' }).click()

    const paths = await page
      .locator('.links .file a')
      .evaluateAll((anchors) => anchors.map((anchor) => anchor.getAttribute('href') ?? ''))
    const links = paths.map((path) => new URL(path, app.url).href)
    expect(await page.locator('.links .name').allTextContents()).toEqual(['你好 <b>.txt', 'second.bin'])
    expect(await (await fetch(links[0] as string)).text()).toBe('first')
    expect(sha256(await (await fetch(links[1] as string)).bytes())).toBe(sha256(Buffer.alloc(300_000, 7)))
    const { pathname } = new URL(links[0] as string)
    const upload = (await (await fetch(`${app.url}/upload/${pathname.split('/')[2]}`)).json()) as { ttl: number }
    expect(upload.ttl).toBe(3600)
  })

  test('works with the keyboard alone', async () => {
    const app = await makeApp()
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a.txt'), 'a')
    const page = await open({ javaScriptEnabled: false })
    await page.goto(`${app.url}/`)

    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.locator(':focus').setInputFiles(join(folder, 'a.txt'))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()

    expect(await page.getByText('Each file can be downloaded once.').count()).toBe(1)
  })

  test.for([
    { title: 'takes the hidden data out of photos', keeps: false },
    { title: 'leaves photos as they are, if told so', keeps: true },
  ])('$title', async ({ keeps }) => {
    const app = await makeApp()
    const photo = Buffer.from(await phonePhoto())
    const page = await open({ javaScriptEnabled: false })
    await page.goto(`${app.url}/`)

    await page.getByLabel('Keep the metadata of photos').setChecked(keeps)
    await page.locator('input[type=file]').setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: photo })
    await page.getByRole('button', { name: 'Upload' }).click()
    const path = await page.locator('.links .file a').getAttribute('href')

    const bytes = Buffer.from(await (await fetch(new URL(path as string, app.url))).arrayBuffer())
    expect(bytes.equals(photo)).toBe(keeps)
  })

  test('explains to recipients what the browser will ask for, before it does', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { password: 'secret' }, 'hello', 'for you.txt')
    const credentials = { username: 'plik', password: 'secret' }
    const page = await open({ javaScriptEnabled: false, httpCredentials: credentials })

    await page.goto(`${app.url}/?id=${upload.id}`)
    await page.getByRole('heading', { name: 'Password required' }).waitFor()
    const isShown = await page.getByText('for you.txt').count()
    await page.getByRole('link', { name: 'Open' }).click()

    await page.locator('.links').getByText('for you.txt').first().waitFor()
    expect(isShown).toBe(0)
  })

  test.for(['en', 'zh-CN'])(
    'says why a link can not be opened as the page with JavaScript does (%s)',
    async (locale) => {
      const app = await makeApp()
      const { upload } = await givenFile(app, { password: 'secret' })
      const [plain, full] = [await open({ javaScriptEnabled: false, locale }), await open({ locale })]
      const titleOf = async (page: Page, address: string) => {
        await page.goto(app.url + address)
        return page.locator('main h1').textContent()
      }

      for (const id of ['nosuchuploadhere', upload.id])
        expect(await titleOf(plain, `/?id=${id}`)).toBe(await titleOf(full, `/#/?id=${id}`))
      expect(await titleOf(plain, '/nowhere')).toBe(await titleOf(full, '/#/nowhere'))
    },
  )

  test('sends no key and no token of a link that is pasted, and says why', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'for you.txt')
    const page = await open({ javaScriptEnabled: false })
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(`${app.url}/`)
    const field = page.getByLabel('Were you given a link?')
    const address = `${app.url}/#/?id=${upload.id}`
    const isSendable = async (link: string): Promise<boolean> => {
      await field.fill(link)
      return field.evaluate((input) => (input as unknown as { checkValidity(): boolean }).checkValidity())
    }

    expect(await isSendable(`${address}&key=AGE-SECRET-KEY-1A`)).toBe(false)
    expect(await isSendable(`${app.url}/#/?key=AGE-SECRET-KEY-1A&id=${upload.id}`)).toBe(false)
    expect(await isSendable(`${address}&uploadToken=secret`)).toBe(false)
    await page.getByRole('button', { name: 'Open' }).click()
    expect(requests.filter((url) => url.includes('?'))).toEqual([])
    expect(await page.locator('form').getByText('Links that hold a key').count()).toBe(1)

    expect(await isSendable(` ${address} `)).toBe(true)
    await page.getByRole('button', { name: 'Open' }).click()
    await page.locator('.links').getByText('for you.txt').first().waitFor()
    expect(page.url()).toBe(`${app.url}/?id=${upload.id}`)
  })

  test('says why an upload was refused, and leads back', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '1kB' })
    const page = await open({ javaScriptEnabled: false })
    await page.goto(`${app.url}/`)

    await page.locator('input[type=file]').setInputFiles({ name: 'a', mimeType: '', buffer: Buffer.alloc(1001) })
    await page.getByRole('button', { name: 'Upload' }).click()
    await page.getByText('File too big (limit is set to 1.0 kB)').waitFor()
    await page.getByRole('link', { name: 'Back to the start' }).click()

    await page.getByRole('heading', { name: 'Share files' }).waitFor()
  })

  test('draws the knob of a switch as a circle', async () => {
    const app = await makeApp()
    const page = await open({ javaScriptEnabled: false })
    await page.goto(`${app.url}/`)

    await page.getByLabel('Each file can be downloaded once').check()
    const knob = await page.evaluate(`(() => {
      const { width, height, rotate } = getComputedStyle(document.querySelector('.switch input:checked'), '::before')
      return { isRound: width === height, rotate }
    })()`)

    expect(knob).toEqual({ isRound: true, rotate: 'none' })
  })

  test('does not scroll sideways on a small phone', async () => {
    const app = await makeApp({ PUBLIC_URL: 'https://a-long-name-of-a-server.files.example.org/with/a/path' })
    const page = await open({ viewport: { width: 360, height: 640 } })

    await page.goto(`${new URL(app.url).origin}/`)

    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  test('loads nothing from elsewhere and reports no error, under a path prefix too', async () => {
    const app = await makeApp({ PATH_PREFIX: '/files' })
    const page = await open()
    const requests: string[] = []
    const problems: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => problems.push(message.text()))
    page.on('response', (response) => {
      if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`)
    })

    await page.goto(`${app.url}/`)

    expect(requests.filter((url) => !url.startsWith(`${app.url}/`))).toEqual([])
    expect(problems).toEqual([])
  })

  test('an uploaded page does not run in our origin', async () => {
    const app = await makeApp()
    const form = new FormData()
    form.append('file', new Blob(['<script>document.title = "ran"</script><h1>hi</h1>']), 'evil.html')
    const link = (await (await fetch(app.url, { method: 'POST', body: form })).text()).trim()
    const page = await open()

    await page.goto(link)

    expect(await page.title()).not.toBe('ran')
    expect(await page.locator('h1').count()).toBe(0)
  })
})
