import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import type { CreatedUpload } from '../../helpers/client.ts'
import { fill, givenDisk, isRoot } from '../../helpers/disk.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { changeFile, choose, fileOf, saved, sendSlowly, sha256 } from './page-tests.ts'

/** What goes wrong on the way is told by its kind, with what can be done about it, and nothing is lost by it. */

const UNREADABLE = 'This file can’t be read any more: it was changed, moved or deleted after it was chosen.'

const start = (page: Page) => page.getByRole('button', { name: /^Send \d/ }).click()
const linkReady = (page: Page) => page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
const says = (page: Page, text: string | RegExp) => page.getByRole('alert').filter({ hasText: text }).waitFor()
const namesThere = (page: Page) => page.locator('.received .file:not(.absent) .file-name').allTextContents()

async function bytesOf(page: Page, name: string): Promise<string> {
  return sha256((await saved(page, () => page.getByRole('link', { name: `Download ${name}` }).click())).bytes)
}

describe.skipIf(!hasBrowser())('a file that changes on the disk', () => {
  const open = useBrowser()

  test.each([
    ['was changed', (path: string) => changeFile(path, 'other')],
    ['was deleted', (path: string) => rmSync(path)],
  ])('and %s before it is sent is named, and is sent as it is now when it is chosen again', async (_how, spoil) => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    const path = fileOf('first.bin')
    await choose(page, [path, fileOf('second.bin')])
    await page.getByRole('button', { name: 'Send 2 files' }).waitFor()
    spoil(path)

    await start(page)
    await says(page, UNREADABLE)
    const failed = await page.locator('.file.failed .file-name').allTextContents()
    const now = randomBytes(3_000)
    writeFileSync(path, now)
    await page.locator('.file.failed').getByLabel('Choose again').setInputFiles(path)
    await linkReady(page)

    expect(failed).toEqual(['first.bin'])
    expect(await page.locator('.received .file-name').allTextContents()).toEqual(['first.bin', 'second.bin'])
    expect(await bytesOf(page, 'first.bin')).toBe(sha256(now))
  })

  test('while it is sent is not taken for a broken connection', { timeout: 60_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const page = await open()
    await page.goto(`${line.url}/`)
    const path = fileOf('large.bin', randomBytes(40_000_000))
    await choose(page, [path])
    await sendSlowly(page, line)

    const now = randomBytes(30_000)
    changeFile(path, now)
    line.limit(Number.POSITIVE_INFINITY)
    await says(page, UNREADABLE)
    await page.getByLabel('Choose again').setInputFiles(path)
    await linkReady(page)

    expect(await namesThere(page)).toEqual(['large.bin'])
    expect(await bytesOf(page, 'large.bin')).toBe(sha256(now))
  })
})

describe.skipIf(!hasBrowser() || !isRoot)('a server that is full', () => {
  const open = useBrowser()

  test('says so before anything is sent, and takes what was chosen once there is space', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=32m'), MIN_FREE_SPACE: '8MB' })
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.bin')])
    const giveBack = fill(app.dataDir, 1_000_000)
    app.advance(1_000)

    await start(page)
    await says(page, 'No space left on the server')
    giveBack()
    app.advance(1_000)
    await start(page)
    await linkReady(page)

    expect(await namesThere(page)).toEqual(['a.bin'])
  })

  test('says so in the middle, keeps what has arrived, and continues there once there is space', {
    timeout: 60_000,
  }, async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=64m'), MIN_FREE_SPACE: '8MB' })
    const line = await slowLine(() => app.url)
    const page = await open()
    await page.goto(`${line.url}/`)
    const content = randomBytes(30_000_000)
    await choose(page, [fileOf('large.bin', content)])
    await sendSlowly(page, line)
    const giveBack = fill(app.dataDir, 1_000_000)
    app.advance(1_000)
    line.limit(Number.POSITIVE_INFINITY)

    await says(page, 'No space left on the server')
    giveBack()
    app.advance(1_000)
    const patched = page.waitForRequest((request) => request.method() === 'PATCH')
    await page.getByRole('button', { name: 'Try again', exact: true }).click()
    const offset = Number((await patched).headers()['upload-offset'])
    await linkReady(page)

    expect(offset).toBeGreaterThan(0)
    expect(await bytesOf(page, 'large.bin')).toBe(sha256(content))
  })
})

describe.skipIf(!hasBrowser())('an upload whose time is up while it is sent', () => {
  const open = useBrowser()

  test('is sent again by a new link, with the same files and options', { timeout: 60_000 }, async () => {
    const app = await makeApp({ DEFAULT_TTL: '1h' })
    const line = await slowLine(() => app.url)
    const page = await open()
    await page.goto(`${line.url}/`)
    await choose(page, [fileOf('small.bin'), fileOf('large.bin', randomBytes(12_000_000))])
    await page.getByText('Options').click()
    await page.getByLabel('Message').fill('for you')
    await sendSlowly(page, line)
    app.advance(3_601_000)
    line.limit(Number.POSITIVE_INFINITY)

    await says(page, 'This upload has expired or was deleted')
    const offers = await page
      .getByRole('button', { name: /^(Share without them|Try again|Retry.*|Pause.*|Continue.*)$/ })
      .count()
    await page.getByRole('button', { name: 'Send them with a new link' }).click()
    await start(page)
    await linkReady(page)

    expect(offers).toBe(0)
    expect(await namesThere(page)).toEqual(['large.bin', 'small.bin'])
    await page.getByText('for you').waitFor()
  })
})

describe.skipIf(!hasBrowser())('an upload or file that the server deletes while it is sent', () => {
  const open = useBrowser()

  async function givenSending() {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const page = await open()
    const made = page.waitForResponse((response) => response.url().endsWith('/upload'))
    await page.goto(`${line.url}/`)
    const content = randomBytes(12_000_000)
    await choose(page, [fileOf('large.bin', content)])
    await sendSlowly(page, line)
    const { id, uploadToken } = (await (await made).json()) as CreatedUpload
    return { app, line, page, content, id, headers: { 'X-UploadToken': uploadToken } }
  }

  test('is the upload: its files are still chosen', { timeout: 60_000 }, async () => {
    const { app, line, page, content, id, headers } = await givenSending()
    await fetch(`${app.url}/upload/${id}`, { method: 'DELETE', headers })
    line.limit(Number.POSITIVE_INFINITY)

    await says(page, 'This upload has expired or was deleted')
    await page.getByRole('button', { name: 'Send them with a new link' }).click()
    await start(page)
    await linkReady(page)

    expect(await bytesOf(page, 'large.bin')).toBe(sha256(content))
  })

  test('is what it had of a file: that is sent from its start', { timeout: 60_000 }, async () => {
    const { line, page, content } = await givenSending()
    const patched = await page.waitForRequest((request) => request.method() === 'PATCH')
    await fetch(patched.url(), { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } })
    line.limit(Number.POSITIVE_INFINITY)

    await linkReady(page)

    expect(await bytesOf(page, 'large.bin')).toBe(sha256(content))
  })
})

describe.skipIf(!hasBrowser())('the limit of requests', () => {
  const open = useBrowser()

  test('counts down until the upload can be made, and keeps what was chosen', async () => {
    const app = await makeApp({ RATE_LIMIT: '1' })
    await fetch(`${app.url}/upload`, { method: 'POST', body: '{}' })
    const page = await open({})
    await page.clock.install()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.bin')])

    await start(page)
    await says(page, 'Please try again in 1 minute')
    await page.clock.runFor(15_000)
    await says(page, /try again in 4\d seconds/)
    await page.clock.runFor(46_000)
    await says(page, 'You can try again now')
    app.advance(61_000)
    await page.clock.resume()
    await start(page)
    await linkReady(page)

    expect(await namesThere(page)).toEqual(['a.bin'])
  })

  test('lets three people behind one address load, send and receive many files at once', {
    timeout: 90_000,
  }, async () => {
    const app = await makeApp({ RATE_LIMIT: '600' }) // the default
    const pages = [await open(), await open(), await open()]
    const statuses = new Set<number>()
    for (const page of pages) page.on('response', (response) => void statuses.add(response.status()))

    await Promise.all(
      pages.map(async (page, person) => {
        await page.goto(`${app.url}/`)
        await choose(
          page,
          Array.from({ length: 40 }, (_, index) => fileOf(`${person}-${index}.bin`)),
        )
        await start(page)
        await linkReady(page)
        await page.reload()
        await bytesOf(page, `${person}-7.bin`)
      }),
    )

    expect([...statuses].filter((status) => status >= 400)).toEqual([])
    expect(statuses).toContain(201)
  })
})
