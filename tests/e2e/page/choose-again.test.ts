import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { type SlowLine, slowLine } from '../../helpers/slow-line.ts'
import { cancelSending, choose, fileOf, saved, send, sendSlowly, sha256 } from './page-tests.ts'

const SIZE = 12_000_000
const AN_HOUR = 3_600

const linkReady = (page: Page) => page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
const interrupted = (page: Page) => page.getByRole('heading', { name: 'An upload was interrupted' })
const chooseAgain = (page: Page, what: string | string[]) =>
  page.locator('.unfinished input[type=file]').first().setInputFiles(what)
const namesThere = (page: Page) => page.locator('.received .file:not(.absent) .file-name').allTextContents()

/** A folder on disk whose files all have one time of change, `hours` after the others. */
async function givenFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-chosen-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return async (path: string, content: Buffer, hours = 0): Promise<string> => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
    await utimes(file, 1_700_000_000 + hours * AN_HOUR, 1_700_000_000 + hours * AN_HOUR)
    return file
  }
}

async function givenLine(open: () => Promise<Page>) {
  const app = await makeApp()
  const line = await slowLine(() => app.url)
  const page = await open()
  page.on('dialog', (dialog) => void dialog.accept())
  await page.goto(`${line.url}/`)
  await page.getByRole('heading', { name: 'Share files' }).waitFor()
  return { app, line, page }
}

/** Loads the page again in the middle of sending. */
async function interrupt(page: Page, line: SlowLine): Promise<void> {
  await page.reload()
  line.limit(Number.POSITIVE_INFINITY)
  await interrupted(page).waitFor()
}

describe.skipIf(!hasBrowser())('a file that is chosen again', () => {
  const open = useBrowser()

  test('is sent from its start when it has changed, though its name, size and time are the same', {
    timeout: 60_000,
  }, async () => {
    const { line, page } = await givenLine(open)
    const put = await givenFolder()
    const file = await put('large.bin', randomBytes(SIZE))
    await page.locator('input[type=file]').first().setInputFiles(file)
    await sendSlowly(page, line)
    await interrupt(page, line)
    line.limit(3_000_000)
    const changed = randomBytes(SIZE)
    await put('large.bin', changed)

    await chooseAgain(page, file)
    await page.getByText('This file has changed since its upload started').waitFor()
    line.limit(Number.POSITIVE_INFINITY)
    await linkReady(page)

    expect(await namesThere(page)).toEqual(['large.bin'])
    const { bytes } = await saved(page, () => page.getByRole('link', { name: 'Download large.bin' }).click())
    expect(sha256(bytes)).toBe(sha256(changed))
  })

  test('continues where it was when only its time is another', { timeout: 60_000 }, async () => {
    const { line, page } = await givenLine(open)
    const put = await givenFolder()
    const content = randomBytes(SIZE)
    const file = await put('large.bin', content)
    await page.locator('input[type=file]').first().setInputFiles(file)
    await sendSlowly(page, line)
    await interrupt(page, line)
    await put('large.bin', content, 1)
    const patched = page.waitForRequest((request) => request.method() === 'PATCH')

    await chooseAgain(page, file)
    const offset = Number((await patched).headers()['upload-offset'])
    await linkReady(page)

    expect(offset).toBeGreaterThan(0)
    const { bytes } = await saved(page, () => page.getByRole('link', { name: 'Download large.bin' }).click())
    expect(sha256(bytes)).toBe(sha256(content))
  })

  test('never meets the key again under which another text was encrypted', { timeout: 60_000 }, async () => {
    const { line, page } = await givenLine(open)
    const put = await givenFolder()
    const file = await put('large.bin', randomBytes(SIZE))
    await page.locator('input[type=file]').first().setInputFiles(file)
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await sendSlowly(page, line)
    const before = await headOf(page)
    await interrupt(page, line)
    line.limit(3_000_000)
    const changed = randomBytes(SIZE)
    await put('large.bin', changed)

    await chooseAgain(page, file)
    await page.getByText('This file has changed since its upload started').waitFor()
    const after = await headOf(page)
    line.limit(Number.POSITIVE_INFINITY)
    await linkReady(page)

    await page.getByText('End-to-end encrypted and checked').waitFor()
    expect(before).toMatch(/^[\w-]{200,}$/)
    expect(after).toMatch(/^[\w-]{200,}$/)
    expect(after).not.toBe(before)
    const { bytes } = await saved(page, () => page.getByRole('button', { name: 'Download large.bin' }).click())
    expect(sha256(bytes)).toBe(sha256(changed))
  })

  test('is taken for one file only, and the page says which are still to be chosen', { timeout: 60_000 }, async () => {
    const { line, page } = await givenLine(open)
    const put = await givenFolder()
    const [first, second] = [randomBytes(SIZE), randomBytes(SIZE)]
    const one = await put('both/one/x.bin', first)
    const two = await put('both/two/x.bin', second, 1)
    await page.locator('input[type=file][webkitdirectory]').setInputFiles(dirname(dirname(one)))
    await sendSlowly(page, line)
    await interrupt(page, line)
    line.limit(2_500_000)

    await chooseAgain(page, two)
    const stillToChoose = page.getByText('Still to choose: 1 file')
    await stillToChoose.waitFor()
    const missing = await page.locator('.notice .file-name').allTextContents()
    await page.locator('.notice input[type=file]').first().setInputFiles(one)
    await stillToChoose.waitFor({ state: 'detached' })
    line.limit(Number.POSITIVE_INFINITY)
    await linkReady(page)

    expect(missing).toEqual(['both/one/x.bin'])
    expect((await namesThere(page)).sort()).toEqual(['both/one/x.bin', 'both/two/x.bin'])
    const download = (name: string) => saved(page, () => page.getByRole('link', { name: `Download ${name}` }).click())
    expect(sha256((await download('both/one/x.bin')).bytes)).toBe(sha256(first))
    expect(sha256((await download('both/two/x.bin')).bytes)).toBe(sha256(second))
  })

  test('continues, too, when it was added later, and cancelling it leaves the upload alone', {
    timeout: 60_000,
  }, async () => {
    const { line, page } = await givenLine(open)
    const later = await (await givenFolder())('later.bin', randomBytes(SIZE))
    await choose(page, [fileOf('first.txt', 'first')])
    const link = await send(page)
    line.limit(1_250_000)
    await page.locator('.received input[type=file]').first().setInputFiles(later)
    await expect.poll(() => progressOf(page)).toBeGreaterThan(20)
    await page.reload()
    await page.goto(`${line.url}/#/`)
    await interrupted(page).waitFor()
    const patched = page.waitForRequest((request) => request.method() === 'PATCH')
    await chooseAgain(page, later)
    const offset = Number((await patched).headers()['upload-offset'])
    await cancelSending(page)
    await linkReady(page)

    expect(offset).toBeGreaterThan(0)
    expect(page.url()).toBe(link)
    expect(await namesThere(page)).toEqual(['first.txt'])
    await page.goto(`${line.url}/#/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    expect(await interrupted(page).count()).toBe(0)
  })

  test('is not asked for when it was cancelled before the link was handed out', { timeout: 60_000 }, async () => {
    const { line, page, app } = await givenLine(open)
    const put = await givenFolder()
    const names = ['a.bin', 'b.bin', 'c.bin', 'waiting.bin']
    const paths = await Promise.all(names.map((name) => put(name, randomBytes(SIZE))))
    await page.locator('input[type=file]').first().setInputFiles(paths)
    await sendSlowly(page, line)
    await page.getByRole('button', { name: 'Don’t send waiting.bin' }).click()
    await page.getByRole('button', { name: 'Don’t send c.bin' }).click()
    await page.getByRole('button', { name: 'Stop sending' }).click()
    line.limit(Number.POSITIVE_INFINITY)
    await linkReady(page)

    const id = new URL(page.url()).hash.replace('#/?id=', '')
    const { files } = (await (await fetch(`${app.url}/upload/${id}`)).json()) as { files: { status: string }[] }
    expect(files.map(({ status }) => status).sort()).toEqual(['deleted', 'deleted', 'uploaded', 'uploaded'])
    await page.goto(`${line.url}/#/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    expect(await interrupted(page).count()).toBe(0)
  })

  test('comes as one more file when its place in the upload was given up', { timeout: 60_000 }, async () => {
    const { line, page, app } = await givenLine(open)
    const file = await (await givenFolder())('large.bin', randomBytes(SIZE))
    const created = page.waitForResponse((response) => response.url().endsWith('/upload'))
    await page.locator('input[type=file]').first().setInputFiles(file)
    await sendSlowly(page, line)
    const { id, uploadToken, files } = (await (await created).json()) as {
      id: string
      uploadToken: string
      files: { id: string }[]
    }
    await interrupt(page, line)
    await fetch(`${app.url}/file/${id}/${files[0]?.id}/large.bin`, {
      method: 'DELETE',
      headers: { 'X-UploadToken': uploadToken },
    })

    await chooseAgain(page, file)
    await linkReady(page)

    expect(await namesThere(page)).toEqual(['large.bin'])
  })
})

describe.skipIf(!hasBrowser())('an interrupted upload that is given up', () => {
  const open = useBrowser()

  test('is deleted from the server', { timeout: 60_000 }, async () => {
    const { line, page, app } = await givenLine(open)
    const file = await (await givenFolder())('large.bin', randomBytes(SIZE))
    const created = page.waitForResponse((response) => response.url().endsWith('/upload'))
    await page.locator('input[type=file]').first().setInputFiles(file)
    await sendSlowly(page, line)
    const { id } = (await (await created).json()) as { id: string }
    await interrupt(page, line)

    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await interrupted(page).waitFor({ state: 'detached' })

    expect((await fetch(`${app.url}/upload/${id}`)).status).toBe(404)
  })

  test('keeps what its link led to before', { timeout: 60_000 }, async () => {
    const { line, page, app } = await givenLine(open)
    const later = await (await givenFolder())('later.bin', randomBytes(SIZE))
    await choose(page, [fileOf('first.txt', 'first')])
    const link = await send(page)
    line.limit(1_250_000)
    await page.locator('.received input[type=file]').first().setInputFiles(later)
    await expect.poll(() => progressOf(page)).toBeGreaterThan(20)
    await interrupt(page, line)

    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByText('Complete files stay').waitFor()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await interrupted(page).waitFor({ state: 'detached' })

    const id = new URL(link).hash.replace('#/?id=', '')
    const { files } = (await (await fetch(`${app.url}/upload/${id}`)).json()) as { files: { status: string }[] }
    expect(files.map(({ status }) => status)).toEqual(['uploaded'])
  })
})

const progressOf = (page: Page): Promise<number> =>
  page.locator('.total progress').evaluate((element) => (element as unknown as { value: number }).value)

/** What the browser has noted of the encrypted file that it sends. */
const headOf = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => {
    const storage = (globalThis as unknown as { localStorage: Record<string, string> }).localStorage
    const key = Object.keys(storage).find((name) => name.startsWith('mayfly-unfinished-')) ?? ''
    return (JSON.parse(storage[key] ?? '{}') as { files?: { head?: string }[] }).files?.[0]?.head
  })
