import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { sealedSize } from '../../../client/src/age-layout.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { flipped, givenEncrypted } from './encrypted.ts'
import { saved, sha256 } from './page-tests.ts'

const MAX_HELD_BYTES = 256 * 1024 * 1024

/** As over plain HTTP, and in Firefox's private windows. */
const WITHOUT_PICKER = 'delete window.showSaveFilePicker'
/** A test can't answer the browser's own dialog, so the file is in the browser's private file system. */
const WITH_PICKER = `window.showSaveFilePicker = async ({ suggestedName }) => {
  const folder = await navigator.storage.getDirectory()
  return folder.getFileHandle(suggestedName, { create: true })
}`
const WITH_PICKER_CLOSED = `window.showSaveFilePicker = async () => { throw new DOMException('closed', 'AbortError') }`

/** Of these the page believes sizes, since nothing lists them. */
const UNLISTED = { manifest: '' }

/** Makes the page believe that the files are so large, once decrypted; what comes is what there is. */
async function pretendSize(page: Page, bytes: number): Promise<void> {
  await page.route('**/upload/*', async (route) => {
    const response = await route.fetch().catch(() => undefined)
    if (!response) return route.abort() // the page looks again by itself, perhaps after the end of the test
    const upload = (await response.json()) as { files: { fileSize: number }[] }
    for (const file of upload.files) file.fileSize = sealedSize(bytes)
    await route.fulfill({ response, json: upload })
  })
}

/** All that was asked of the server for a file. */
function readsOf(page: Page): string[] {
  const reads: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/file/')) reads.push(request.method())
  })
  return reads
}

const contentOf = (page: Page, name: string): Promise<string> =>
  page.evaluate(`navigator.storage.getDirectory()
    .then((folder) => folder.getFileHandle('${name}'))
    .then((handle) => handle.getFile())
    .then((file) => file.text())`)

describe.skipIf(!hasBrowser())('without a service worker', () => {
  const open = useBrowser()

  async function openedBy(script: string, link: string, size?: number): Promise<Page> {
    const page = await open({ serviceWorkers: 'block' })
    await page.addInitScript(script)
    if (size !== undefined) await pretendSize(page, size)
    await page.goto(link)
    await page
      .getByRole('button', { name: /^Download/ })
      .first()
      .waitFor()
    return page
  }

  test('an encrypted file is decrypted in memory, and several as a zip', async () => {
    const app = await makeApp()
    const content = randomBytes(2_000_000)
    const { link } = await givenEncrypted(app, [
      { path: 'folder/a.bin', content },
      { path: 'b.txt', content: 'b' },
    ])
    const page = await openedBy(WITHOUT_PICKER, link)

    const file = await saved(page, () => page.getByRole('button', { name: 'Download folder/a.bin' }).click())
    const zip = await saved(page, () => page.getByRole('button', { name: /^Download all/ }).click())

    expect(file.name).toBe('a.bin')
    expect(sha256(file.bytes)).toBe(sha256(content))
    expect(zip.bytes.indexOf(content)).toBeGreaterThan(0)
    expect(zip.bytes.readUInt32LE(zip.bytes.length - 22)).toBe(0x06054b50)
    expect(page.context().serviceWorkers()).toEqual([])
  })

  test('a file is decrypted in memory up to 256 MiB, and above that refused, before anything of it was read', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'a.bin', content: 'content' }], { ...UNLISTED, oneShot: true })
    const above = await openedBy(WITHOUT_PICKER, link, MAX_HELD_BYTES + 1)
    const reads = readsOf(above)

    await above.getByRole('button', { name: 'Download a.bin' }).click()
    await above.getByRole('alert').filter({ hasText: 'Use the terminal command' }).waitFor()
    expect(reads).toEqual(['HEAD'])

    const below = await openedBy(WITHOUT_PICKER, link, MAX_HELD_BYTES)
    const file = await saved(below, () => below.getByRole('button', { name: 'Download a.bin' }).click())
    expect(file.bytes.toString()).toBe('content')
  })

  test('a refused download names the command that fetches it', async () => {
    const app = await makeApp()
    const { link, secret } = await givenEncrypted(app, [{ path: 'a.bin', content: 'content' }], UNLISTED)
    const page = await openedBy(WITHOUT_PICKER, link, MAX_HELD_BYTES + 1)

    await page.getByRole('button', { name: 'Download a.bin' }).click()
    await page.getByRole('alert').waitFor()

    const command = page.getByRole('textbox', { name: 'Download from a terminal, with age' })
    expect(await command.inputValue()).toMatch(new RegExp(`echo '${secret}' .*\\| age -d `, 's'))
  })

  test('a zip above 256 MiB is refused as a file is', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(
      app,
      [
        { path: 'a.bin', content: 'a' },
        { path: 'b.bin', content: 'b' },
      ],
      UNLISTED,
    )
    const page = await openedBy(WITHOUT_PICKER, link, MAX_HELD_BYTES / 2)
    const reads = readsOf(page)
    await page.waitForLoadState('networkidle')
    reads.length = 0

    await page.getByRole('button', { name: /^Download all/ }).click()

    await page.getByRole('alert').filter({ hasText: 'Use the terminal command' }).waitFor()
    expect(reads).toEqual([])
  })

  test('larger files are written to one that people choose, where the browser can do that', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'written as it came' }], UNLISTED)
    const page = await openedBy(WITH_PICKER, link, MAX_HELD_BYTES + 1)

    await page.getByRole('button', { name: 'Download a.txt' }).click()

    await expect.poll(() => contentOf(page, 'a.txt').catch(() => '')).toBe('written as it came')
  })

  test('nothing is left of one that turns out to be changed', async () => {
    const app = await makeApp()
    const changed = { path: 'a.txt', content: 'x'.repeat(70_000), spoil: flipped }
    const { link } = await givenEncrypted(app, [changed], UNLISTED)
    const page = await openedBy(WITH_PICKER, link, MAX_HELD_BYTES + 1)

    await page.getByRole('button', { name: 'Download a.txt' }).click()
    await page.getByRole('alert').filter({ hasText: 'could not be opened' }).waitFor()

    expect(await contentOf(page, 'a.txt')).toBe('')
  })

  test('nothing is read, and nothing is wrong, when they choose none', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'a' }], { ...UNLISTED, oneShot: true })
    const page = await openedBy(WITH_PICKER_CLOSED, link, MAX_HELD_BYTES + 1)
    const reads = readsOf(page)

    await page.getByRole('button', { name: 'Download a.txt' }).click()
    await expect.poll(() => reads).toEqual(['HEAD'])
    await page.waitForLoadState('networkidle')

    expect(reads).toEqual(['HEAD'])
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})
