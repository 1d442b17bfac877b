import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { addFile, type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { heif } from '../../helpers/heif.ts'
import { colourAt, drawn } from '../../helpers/images.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { webm } from '../../helpers/media.ts'
import { isInstalled } from '../../helpers/programs.ts'
import { PATIENCE } from '../../helpers/wait.ts'
import { givenEncrypted } from './encrypted.ts'
import { looker } from './page-tests.ts'

const photo = async (background = '#2a9d8f'): Promise<Buffer<ArrayBuffer>> =>
  Buffer.from(
    await sharp({ create: { width: 640, height: 480, channels: 3, background } })
      .jpeg()
      .toBuffer(),
  )

async function moving(): Promise<Buffer<ArrayBuffer>> {
  const frames = await Promise.all([photo('#ff0000'), photo('#0000ff')])
  return Buffer.from(
    await sharp(frames, { join: { animated: true } })
      .gif({ delay: [100, 100] })
      .toBuffer(),
  )
}

type Picture = { naturalWidth?: number }
type Video = { videoWidth?: number; paused?: boolean; currentTime?: number }

const widthOf = (picture: Locator) => picture.evaluate((image: Picture) => image.naturalWidth)
const tiles = (page: Page) => page.locator('.gallery li')
const lightbox = (page: Page) => page.getByRole('dialog')
const focused = (page: Page) => page.locator(':focus').getAttribute('aria-label')

/** What is larger or moved, as the browser draws it: `matrix(scale, 0, 0, scale, x, y)`. */
const placement = async (page: Page) => {
  const matrix = await page.evaluate("getComputedStyle(document.querySelector('.stage img')).transform")
  const [scale = 0, , , , x = 0, y = 0] = (String(matrix).match(/-?[\d.]+/g) ?? []).map(Number)
  return { scale, x, y }
}

/** Fingers on the glass, from one place to another. */
async function touch(page: Page, from: [number, number][], to: [number, number][]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const send = (type: string, places: [number, number][]) =>
    session.send('Input.dispatchTouchEvent', {
      type: type as 'touchStart',
      touchPoints: places.map(([x, y], id) => ({ x, y, id })),
    })
  await send('touchStart', from)
  for (let step = 1; step <= 5; step++)
    await send(
      'touchMove',
      from.map(([x, y], i) => [x + ((to[i]?.[0] ?? x) - x) * (step / 5), y + ((to[i]?.[1] ?? y) - y) * (step / 5)]),
    )
  await send('touchEnd', [])
  await session.detach()
}

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }

describe.skipIf(!hasBrowser())('photos and videos that were received', () => {
  const app = sharedApp()
  const open = useBrowser()

  /** `1.jpg` and so on, a video and a text. */
  async function givenTrip(page: Page, options: object = {}): Promise<{ upload: CreatedUpload; link: string }> {
    const upload = await createUpload(app, options)
    for (const n of [1, 2, 3]) await addFile(app, upload, await photo(), `${n}.jpg`)
    await addFile(app, upload, new Uint8Array(await webm(page)), '4.webm')
    await addFile(app, upload, 'with them', 'notes.txt')
    return { upload, link: `${app.url}/#/?id=${upload.id}` }
  }

  test('are a gallery, the others a list; the choice of a list for all is remembered', async () => {
    const page = await open()
    const { link } = await givenTrip(page)
    await page.goto(link)
    await tiles(page).first().waitFor()
    const inGallery = await tiles(page).count()
    const inList = await page.locator('.files .file-name').allTextContents()
    const thumbnail = page.getByRole('button', { name: 'Preview 1.jpg' }).locator('img')
    await expect.poll(() => widthOf(thumbnail)).toBe(256)

    await page.getByRole('button', { name: 'Show as list' }).click()
    await page.reload()
    await page.getByText('3.jpg', { exact: true }).waitFor()
    const listed = await page.locator('.files .file-name').allTextContents()
    await page.getByRole('button', { name: 'Show as gallery' }).click()
    await tiles(page).first().waitFor()

    expect([inGallery, inList]).toEqual([4, ['notes.txt']])
    expect(listed).toEqual(['1.jpg', '2.jpg', '3.jpg', '4.webm', 'notes.txt'])
  })

  test('what moves stands still in the gallery, and moves when it is opened', async () => {
    const page = await open()
    const upload = await createUpload(app)
    await addFile(app, upload, await moving(), '1.gif')
    await addFile(app, upload, await photo(), '2.jpg')
    const asked = new Set<string>()
    page.on('request', (request) => asked.add(request.url().split('/').at(-1) ?? ''))
    await page.goto(`${app.url}/#/?id=${upload.id}`)

    await page.getByRole('button', { name: 'Preview 1.gif' }).click()
    await page.getByRole('img', { name: 'Picture 1.gif' }).waitFor()

    expect([...asked].filter((name) => name.startsWith('1.gif'))).toEqual([
      '1.gif?format=webp&still=true&width=256&height=256&fit=cover',
      '1.gif',
    ])
  })

  test('are known by their names where their type is unknown', async () => {
    const page = await open()
    const upload = await createUpload(app)
    const isobmff = Buffer.from('\0\0\0\x10ftyp3gp5\0\0\0\0', 'latin1')
    for (const name of ['1.3gp', '2.mov']) await addFile(app, upload, isobmff, name)
    for (const name of ['3.jpg', '4.jpg']) await addFile(app, upload, await photo(), name)
    await page.goto(`${app.url}/#/?id=${upload.id}`)

    await tiles(page).first().waitFor()

    expect(await tiles(page).allTextContents()).toEqual([
      expect.stringMatching(/^1\.3gp/),
      expect.stringMatching(/^2\.mov/),
      '',
      '',
    ])
  })

  test('that are transparent are visible when they are opened, whether they are dark or light', async () => {
    const page = await open()
    const upload = await createUpload(app)
    const create = { width: 64, height: 48, channels: 4, background: '#00000000' } as const
    const transparent = Buffer.from(await sharp({ create }).png().toBuffer())
    for (const name of ['1.png', '2.png']) await addFile(app, upload, transparent, name)
    await page.goto(`${app.url}/#/?id=${upload.id}`)

    await page.getByRole('button', { name: 'Preview 1.png' }).click()
    const picture = page.getByRole('img', { name: 'Picture 1.png' })

    const behind = async () => (await colourAt(await picture.screenshot(), 32, 24))[0]
    await expect.poll(behind).toBeGreaterThan(100)
    expect(await behind()).toBeLessThan(180)
    expect((await picture.boundingBox())?.width).toBe(64)
  })

  test.skipIf(!isInstalled('heif')).each(['open to all', 'behind a password'])(
    'in HEIC, %s, have thumbnails and open, made by the server',
    async (kind) => {
      const page = await open()
      const options = kind === 'open to all' ? {} : { password: 'secret' }
      const upload = await createUpload(app, options)
      const heic = new Uint8Array(
        await heif(
          drawn(640, 480, () => [42, 157, 143]),
          'heic',
        ),
      )
      for (const name of ['1.heic', '2.heic']) await addFile(app, upload, heic, name)
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      if (options.password) {
        await page.getByLabel('Password').fill(options.password)
        await page.getByRole('button', { name: 'Open' }).click()
      }

      const thumbnail = page.getByRole('button', { name: 'Preview 1.heic' }).locator('img')
      await expect.poll(() => widthOf(thumbnail), PATIENCE).toBe(256)
      await page.getByRole('button', { name: 'Preview 1.heic' }).click()

      await expect.poll(() => widthOf(page.getByRole('img', { name: 'Picture 1.heic' })), PATIENCE).toBe(640)
    },
  )

  test('of which the server makes no copy are shown as they are', async () => {
    const page = await open()
    const { link } = await givenTrip(page)
    await page.route(/width=2048/, (route) => route.fulfill({ status: 503, body: 'no time' }))
    await page.goto(link)

    await page.getByRole('button', { name: 'Preview 1.jpg' }).click()

    const large = page.getByRole('img', { name: 'Picture 1.jpg' })
    await expect.poll(() => widthOf(large)).toBe(640)
    expect(await large.getAttribute('src')).toMatch(/1\.jpg$/)
  })

  test('open with the keyboard, one after the other, and close where the last one is', async () => {
    const page = await open()
    const { link } = await givenTrip(page)
    await page.goto(link)
    const name = () => lightbox(page).getByRole('heading').textContent()
    await page.getByRole('button', { name: 'Preview 1.jpg' }).focus()

    await page.keyboard.press('Enter')
    const large = page.getByRole('img', { name: 'Picture 1.jpg' })
    await expect.poll(() => widthOf(large)).toBe(640)
    await page.keyboard.press('ArrowRight')
    await expect.poll(name).toBe('2.jpg')
    const said = await page.locator('dialog [role=status]').textContent()
    await page.keyboard.press('End')
    const video = page.locator('dialog video')
    await expect.poll(() => video.evaluate((element: Video) => element.videoWidth)).toBe(64)
    const isPaused = await video.evaluate((element: Video) => element.paused)
    await page.keyboard.press('ArrowRight')
    const atTheEnd = await name()
    await page.keyboard.press('Home')
    await expect.poll(name).toBe('1.jpg')
    await large.waitFor()
    await page.keyboard.press('+')
    await page.keyboard.press('+')
    await expect.poll(async () => (await placement(page)).scale).toBe(2.25)
    await page.keyboard.press('ArrowRight')
    const right = await placement(page)
    await page.keyboard.press('0')
    await expect.poll(async () => (await placement(page)).scale).toBe(1)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(name).toBe('2.jpg')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('dialog').count()).toBe(0)

    expect([said, isPaused, atTheEnd, right.x]).toEqual(['2.jpg, 2 of 4', true, '4.webm', -80])
    await expect.poll(() => focused(page)).toBe('Preview 2.jpg')
  })

  test('close with Back, which leads no further; a video that is chosen plays', async () => {
    const page = await open()
    const { link } = await givenTrip(page)
    await page.goto(link)

    await page.getByRole('button', { name: 'Preview 4.webm' }).click()
    const video = page.locator('dialog video')
    await expect.poll(() => video.evaluate((element: Video) => element.currentTime)).toBeGreaterThan(0)
    await page.goBack()

    await expect.poll(() => page.locator('dialog').count()).toBe(0)
    expect(page.url()).toBe(link)
    await expect.poll(() => focused(page)).toBe('Preview 4.webm')
  })

  test('follow fingers: swiped, pinched, moved, tapped twice, pulled down', async () => {
    const page = await open({ ...PHONE })
    const { link } = await givenTrip(page)
    await page.goto(link)
    const name = () => lightbox(page).getByRole('heading').textContent()
    await page.getByRole('button', { name: 'Preview 1.jpg' }).tap()
    await page.getByRole('img', { name: 'Picture 1.jpg' }).waitFor()

    await touch(page, [[300, 350]], [[80, 360]])
    await expect.poll(name).toBe('2.jpg')
    await touch(page, [[80, 350]], [[300, 340]])
    await expect.poll(name).toBe('1.jpg')
    await touch(
      page,
      [
        [150, 350],
        [210, 350],
      ],
      [
        [90, 350],
        [270, 350],
      ],
    )
    await expect.poll(async () => (await placement(page)).scale).toBeCloseTo(3, 1)
    await touch(page, [[180, 350]], [[100, 350]])
    const panned = await placement(page)
    await page.locator('.stage img').dblclick()
    await expect.poll(async () => (await placement(page)).scale).toBe(1)
    await touch(page, [[180, 250]], [[190, 450]])
    await expect.poll(() => page.locator('dialog').count()).toBe(0)

    expect(panned.x).toBeCloseTo(-80, 0)
  })

  test('can be chosen for one archive in the gallery, too', async () => {
    const page = await open()
    const { link } = await givenTrip(page)
    await page.goto(link)

    await page.getByRole('checkbox', { name: 'Select 2.jpg' }).check()
    await page.getByRole('checkbox', { name: 'Select 4.webm' }).check()

    await page.getByRole('link', { name: 'Download 2 files as a zip' }).waitFor()
  })

  test('that are limited have no gallery, and nothing of them is read', async () => {
    const page = await open()
    const { link } = await givenTrip(page, { oneShot: true })
    const reads: string[] = []
    page.on('request', (request) => void (/\/(?:file|archive)\//.test(request.url()) && reads.push(request.url())))

    await page.goto(link)
    await page.getByRole('link', { name: 'Download 3.jpg' }).waitFor()
    await page.waitForLoadState('networkidle')

    expect(await page.getByRole('button', { name: /Show as|Preview/ }).count()).toBe(0)
    expect(reads).toEqual([])
  })

  test('behind a password have the server’s thumbnails', async () => {
    const page = await open()
    const { link } = await givenTrip(page, { password: 'secret' })
    await page.goto(link)
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Open' }).click()

    const thumbnail = page.getByRole('button', { name: 'Preview 3.jpg' }).locator('img')
    await expect.poll(() => widthOf(thumbnail)).toBe(256)
  })

  test('that are encrypted are a list until the user asks for a gallery, which opens the visible ones', async () => {
    const page = await open({ viewport: { width: 360, height: 740 } })
    const content = new Uint8Array(await photo())
    const names = Array.from({ length: 40 }, (_, n) => `${n + 1}.jpg`)
    const { link } = await givenEncrypted(
      app,
      names.map((path) => ({ path, content })),
    )
    await page.goto(link)
    await page.getByText('End-to-end encrypted and checked').waitFor()
    const reads: string[] = []
    page.on('request', (request) => void (request.url().includes('/file/') && reads.push(request.url())))

    await page.getByRole('button', { name: 'Show as gallery' }).click()
    const thumbnail = page.getByRole('button', { name: 'Preview 1.jpg' }).locator('img')
    await expect.poll(() => widthOf(thumbnail), PATIENCE).toBe(342)
    await page.waitForLoadState('networkidle')
    const first = reads.length
    const last = page.getByRole('button', { name: 'Preview 40.jpg' })
    await last.scrollIntoViewIfNeeded()
    await expect.poll(() => widthOf(last.locator('img')), PATIENCE).toBe(342)

    expect(first).toBeLessThan(40)
  })

  test.each(['light', 'dark'] as const)('have no fault that axe finds in the %s theme', async (colorScheme) => {
    const page = await open({ ...PHONE, colorScheme })
    const { link } = await givenTrip(page)
    const { look, expectNoFaults } = looker(page)
    await page.goto(link)
    await tiles(page).first().waitFor()
    await look('gallery')
    await page.getByRole('button', { name: 'Preview 1.jpg' }).click()
    await page.getByRole('img', { name: 'Picture 1.jpg' }).waitFor()
    await look('picture')
    await page.keyboard.press('End')
    await page.locator('dialog video').waitFor()
    await look('video')

    expectNoFaults()
  })
})

const MANY = 500
/** Chromium fetches what is some screens away. */
const NEAR = 250

describe.skipIf(!hasBrowser())('five hundred photos', () => {
  const app = sharedApp()
  const open = useBrowser()

  test('are loaded only near what is seen, and choosing one draws no other', { timeout: 180_000 }, async () => {
    const upload = await createUpload(app)
    const content = await photo()
    const names = Array.from({ length: MANY }, (_, n) => `${n + 1}.jpg`)
    for (let start = 0; start < MANY; start += 20)
      await Promise.all(names.slice(start, start + 20).map((name) => addFile(app, upload, content, name)))
    const page = await open({ viewport: { width: 360, height: 740 } })
    const asked = new Set<string>()
    page.on('request', (request) => void (request.url().includes('width=') && asked.add(request.url())))
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    const pictureOf = (n: number) => page.locator(`[title="${n}.jpg"] img`)

    await expect.poll(() => widthOf(pictureOf(1)), PATIENCE).toBe(256)
    await page.waitForLoadState('networkidle')
    const askedFirst = asked.size
    await page.evaluate(`{
      globalThis.drawn = []
      const observer = new MutationObserver((changes) => drawn.push(...changes))
      observer.observe(document.querySelector('.gallery'), { subtree: true, childList: true, attributes: true })
    }`)
    await page.locator('.gallery input').first().check()
    await page.getByRole('link', { name: 'Download 1 file as a zip' }).waitFor()
    const drawn = await page.evaluate('drawn.length')
    await pictureOf(MANY).scrollIntoViewIfNeeded()
    await expect.poll(() => widthOf(pictureOf(MANY)), PATIENCE).toBe(256)
    await page.waitForLoadState('networkidle')

    expect(await tiles(page).count()).toBe(MANY)
    expect(askedFirst).toBeLessThan(NEAR)
    expect(asked.size).toBeLessThan(2 * NEAR)
    expect(drawn).toBeLessThanOrEqual(1)
    expect(await page.locator('.gallery *').count()).toBeLessThanOrEqual(4 * MANY)
  })
})
