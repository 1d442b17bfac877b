import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { choose, drop, fileOf, paste, sendSlowly } from './page-tests.ts'

/** A page that sends `large.bin`, and another upload that is there already. */
async function givenSending(open: () => Promise<Page>) {
  const app = await makeApp()
  const line = await slowLine(() => app.url)
  const other = await createUpload(app)
  const page = await open()
  await page.goto(`${line.url}/`)
  await choose(page, [fileOf('large.bin', randomBytes(12_000_000))])
  await sendSlowly(page, line)
  const adminPage = `${line.url}/#/?id=${other.id}&uploadToken=${other.uploadToken}`
  return { app, line, page, adminPage, other }
}

const uploadIsListed = (page: Page, name: string) => page.locator('.sending .file-name', { hasText: name })

describe.skipIf(!hasBrowser())('people who look around while files are on their way', () => {
  const open = useBrowser()

  test('see how far it is, are led back, and are asked before the page closes', { timeout: 60_000 }, async () => {
    const { page, adminPage } = await givenSending(open)
    const title = await page.title()

    await page.goto(adminPage)
    const back = page.getByRole('link', { name: /^Sending, \d/ })
    await back.waitFor()
    await expect.poll(() => page.title()).toMatch(/^\d+% · Guest uploads · Mayfly$/)
    const asked = page.waitForEvent('dialog')
    void page.reload().catch(() => {}) // it is dismissed
    const question = await asked
    await question.dismiss()
    await back.click()
    await uploadIsListed(page, 'large.bin').waitFor()

    expect(question.type()).toBe('beforeunload')
    expect(await back.count()).toBe(0)
    expect(title).toMatch(/^\d+% · Sending 1 file · Mayfly$/)
  })

  test('can add to another upload, and see both', { timeout: 60_000 }, async () => {
    const { page, adminPage, line, other } = await givenSending(open)
    await page.goto(adminPage)

    await page
      .locator('.received input[type=file]')
      .first()
      .setInputFiles([fileOf('second.bin', randomBytes(3_000_000))])
    await uploadIsListed(page, 'second.bin').waitFor()
    const names = await page.locator('.sending .file-name').allTextContents()
    line.limit(Number.POSITIVE_INFINITY)
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()

    expect(names).toEqual(['large.bin', 'second.bin'])
    await page.goto(`${line.url}/#/?id=${other.id}`)
    await page.locator('.received').getByText('second.bin').waitFor()
  })

  test('may drop more files on what is being sent', { timeout: 60_000 }, async () => {
    const { page, line } = await givenSending(open)

    const isKept = await drop(page, 'dropped.txt')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await uploadIsListed(page, 'dropped.txt').waitFor()
    line.limit(Number.POSITIVE_INFINITY)
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()

    expect(isKept).toBe(true)
    expect(await page.locator('.received .file-name').allTextContents()).toEqual(['dropped.txt', 'large.bin'])
  })

  test('are asked before sending ends', { timeout: 60_000 }, async () => {
    const { page, line } = await givenSending(open)

    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByRole('heading', { name: 'Cancel sending?' }).waitFor()
    await page.getByRole('button', { name: 'Continue sending' }).click()
    await page.getByRole('button', { name: 'Don’t send large.bin' }).click()
    await page.keyboard.press('Escape')
    line.limit(Number.POSITIVE_INFINITY)
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()

    expect(await page.locator('.received .file-name').allTextContents()).toEqual(['large.bin'])
  })

  test('and paste or drop files on an upload that is shared are asked first', async () => {
    const app = await makeApp()
    const upload = await createUpload(app)
    const namesOf = async () =>
      ((await (await fetch(`${app.url}/upload/${upload.id}`)).json()) as CreatedUpload).files?.map(
        ({ fileName }) => fileName,
      )
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}`)
    await page.getByRole('button', { name: 'Add files' }).waitFor()

    await paste(page, 'private.png')
    await page.getByRole('heading', { name: 'Add 1 file to this link?' }).waitFor()
    await page.getByRole('button', { name: 'Don’t add' }).click()
    const afterRefusal = await namesOf()
    await paste(page, 'meant.png')
    await page.getByRole('heading', { name: 'Add 1 file to this link?' }).waitFor()
    await drop(page, 'meant, too.txt')
    await drop(page, 'slip.txt')
    await page.getByRole('heading', { name: 'Add 3 files to this link?' }).waitFor()
    await page.getByRole('button', { name: 'Remove slip.txt' }).click()
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    await page.locator('.received').getByText('meant, too.txt').waitFor()

    expect(afterRefusal ?? []).toEqual([])
    expect((await namesOf())?.sort()).toEqual(['meant, too.txt', 'meant.png'])
  })

  test('a file that is dropped where none is taken does not make the browser leave', async () => {
    const app = await makeApp()
    const upload = await createUpload(app)
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.locator('.received').waitFor()

    expect(await drop(page, 'stray.txt')).toBe(true)
    expect(await page.getByText('stray.txt').count()).toBe(0)
  })
})

describe.skipIf(!hasBrowser())('closing the page before files are sent', () => {
  const open = useBrowser()

  test('asks while files are chosen, and only then', async () => {
    const app = await makeApp()
    const page = await open()
    const questions: string[] = []
    page.on('dialog', (dialog) => {
      questions.push(dialog.type())
      void dialog.dismiss()
    })
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt')])
    await page.getByRole('heading', { name: 'Ready to send' }).click() // browsers ask only after a click or a key

    void page.reload().catch(() => {}) // it is dismissed
    await expect.poll(() => questions).toEqual(['beforeunload'])
    await page.getByRole('button', { name: 'Remove a.txt' }).click()
    await page.getByRole('heading', { name: 'Share files' }).click()
    await page.reload()

    expect(questions).toEqual(['beforeunload'])
  })
})
