import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { flipped, givenEncrypted, givenEncryptedElsewhere } from './encrypted.ts'
import { saved, sha256 } from './page-tests.ts'

/** Lets unzip test an archive, and reads what is in it. */
function unzipped(archive: Buffer) {
  const path = join(temporaryFolder(), 'a.zip')
  writeFileSync(path, archive)
  execFileSync('unzip', ['-tq', path])
  return {
    names: execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' }).trim().split('\n'),
    contentOf: (name: string): Buffer => execFileSync('unzip', ['-p', path, name], { maxBuffer: 1e8 }),
  }
}

describe.skipIf(!hasBrowser())('several encrypted files', () => {
  const open = useBrowser()

  test('come as one zip, with their names and folders', async () => {
    const app = await makeApp()
    const large = randomBytes(3_000_000)
    const { upload, link } = await givenEncrypted(app, [
      { path: '旅行/海边.txt', content: 'the sea' },
      { path: 'trip/large.bin', content: large },
      { path: 'empty.txt', content: '' },
    ])
    const page = await open()
    await page.goto(link)

    const zip = await saved(page, () => page.getByRole('button', { name: /^Download all/ }).click())

    const { names, contentOf } = unzipped(zip.bytes)
    expect(zip.name).toBe(`mayfly-${upload.id.slice(0, 6)}.zip`)
    expect(names).toEqual(['旅行/海边.txt', 'trip/large.bin', 'empty.txt'])
    expect(contentOf('旅行/海边.txt').toString()).toBe('the sea')
    expect(sha256(contentOf('trip/large.bin'))).toBe(sha256(large))
    expect(contentOf('empty.txt')).toHaveLength(0)
  })

  test('unpack nowhere but where they should, whatever their sender called them', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [
      { path: '../../etc/evil.sh', content: 'evil' },
      { path: '/absolute.txt', content: 'absolute' },
      { path: 'same.txt', content: 'first' },
      { path: 'SAME.txt', content: 'second' },
    ])
    const page = await open()
    await page.goto(link)

    const zip = await saved(page, () => page.getByRole('button', { name: /^Download all/ }).click())

    expect(unzipped(zip.bytes).names).toEqual(['etc/evil.sh', 'absolute.txt', 'same.txt', 'SAME (2).txt'])
  })

  test('come in a zip of those that were selected', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [
      { path: 'a.txt', content: 'content of a' },
      { path: 'b.txt', content: 'content of b' },
      { path: 'c.txt', content: 'content of c' },
    ])
    const page = await open()
    await page.goto(link)
    await page.getByLabel('Select a.txt').check()
    await page.getByLabel('Select c.txt').check()

    const zip = await saved(page, () => page.getByRole('button', { name: 'Download 2 files as a zip' }).click())

    const { names, contentOf } = unzipped(zip.bytes)
    expect(names).toEqual(['a.txt', 'c.txt'])
    expect(contentOf('c.txt').toString()).toBe('content of c')
  })

  test('may have come from elsewhere, with another header', async () => {
    const app = await makeApp()
    const { link } = await givenEncryptedElsewhere(app, ['notes.txt', 'more.txt'], 'by age itself', 'open sesame')
    const page = await open()
    await page.goto(link)

    const zip = await saved(page, () => page.getByRole('button', { name: /^Download all/ }).click())
    const file = await saved(page, () => page.getByRole('button', { name: 'Download notes.txt' }).click())

    expect(unzipped(zip.bytes).contentOf('more.txt').toString()).toBe('by age itself')
    expect(file.bytes.toString()).toBe('by age itself')
  })

  test('show how far they are, and leave a download that failed when they are stopped', async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const { link } = await givenEncrypted(app, [
      { path: 'a.bin', content: randomBytes(1_000_000) },
      { path: 'b.bin', content: randomBytes(3_000_000) },
    ])
    const page = await open()
    await page.goto(link.replace(app.url, line.url))
    const all = page.getByRole('button', { name: /^Download all/ })
    await all.waitFor()
    line.limitAnswers(1_000_000)

    const [download] = await Promise.all([page.waitForEvent('download'), all.click()])
    await page.getByText(/^1(\.\d)? MB of 4 MB$/).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()

    await all.waitFor()
    expect(await download.failure()).not.toBeNull()
    expect(await page.locator('progress, [role=alert]').count()).toBe(0)
  })

  test('end when the browser itself stops the download', async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const { link } = await givenEncrypted(app, [
      { path: 'a.bin', content: randomBytes(2_000_000) },
      { path: 'b.bin', content: randomBytes(2_000_000) },
    ])
    const page = await open()
    await page.goto(link.replace(app.url, line.url))
    const all = page.getByRole('button', { name: /^Download all/ })
    await all.waitFor()
    line.limitAnswers(1_000_000)

    const [download] = await Promise.all([page.waitForEvent('download'), all.click()])
    await page.locator('progress').waitFor()
    await download.cancel()

    await all.waitFor()
    expect(await page.locator('progress, [role=alert]').count()).toBe(0)
  })

  test('leave nothing that looks like a zip when one of them was changed, and it is said which', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [
      { path: 'good.txt', content: 'good' },
      { path: 'bad.txt', content: 'bad', spoil: flipped },
    ])
    const page = await open()
    await page.goto(link)

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^Download all/ }).click(),
    ])

    await page.getByRole('alert').filter({ hasText: 'bad.txt: The file could not be opened' }).waitFor()
    expect(await download.failure()).not.toBeNull()
  })

  test('continue when the connection breaks in the middle of one', { timeout: 60_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const contents = [randomBytes(1_500_000), randomBytes(1_500_000)] as const
    const { link } = await givenEncrypted(app, [
      { path: 'a.bin', content: contents[0] },
      { path: 'b.bin', content: contents[1] },
    ])
    const page = await open()
    await page.goto(link.replace(app.url, line.url))
    const all = page.getByRole('button', { name: /^Download all/ })
    await all.waitFor()
    line.limitAnswers(1_000_000)

    const zip = await saved(page, async () => {
      await all.click()
      await page.getByText(/^2(\.\d)? MB of 3 MB$/).waitFor()
      line.cut()
      line.mend()
      line.limitAnswers(Number.POSITIVE_INFINITY)
    })

    expect(sha256(unzipped(zip.bytes).contentOf('b.bin'))).toBe(sha256(contents[1]))
  })

  test('that can be downloaded once are saved one by one, so that none is lost with another', async () => {
    const app = await makeApp()
    const files = [
      { path: 'a.txt', content: 'a' },
      { path: 'bad.txt', content: 'bad', spoil: flipped },
    ]
    const { link } = await givenEncrypted(app, files, { oneShot: true })
    const page = await open()
    await page.goto(link)
    const names: string[] = []
    page.on('download', (download) => names.push(download.suggestedFilename()))

    await page.getByRole('button', { name: /^Download all/ }).click()

    await page.getByRole('alert').filter({ hasText: 'bad.txt: The file could not be opened' }).waitFor()
    expect(names).toEqual(['a.txt', 'bad.txt'])
  })
})
