import { createHash, randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { jsonOf } from '../../helpers/answers.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { createUpload } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import {
  changeFile,
  closeWhileSending,
  faults,
  fileOf,
  isScrollingSideways,
  offsetsSentBy,
  sendSlowly,
} from './page-tests.ts'

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** An upload and a link by which guests add to it. */
async function givenRequest(app: TestApp, request: object) {
  const upload = await createUpload(app)
  const headers = { 'X-UploadToken': upload.uploadToken }
  const { id, requestToken } = await jsonOf<{ id: string; requestToken: string }>(
    fetch(`${app.url}/upload/${upload.id}/requests`, { method: 'POST', headers, body: JSON.stringify(request) }),
  )
  const revoke = () => fetch(`${app.url}/upload/${upload.id}/requests/${id}`, { method: 'DELETE', headers })
  const files = async () =>
    (await jsonOf<{ files: { fileName: string }[] }>(fetch(`${app.url}/upload/${upload.id}`))).files
  const link = `${app.url}/#/?request=${requestToken}`
  return { link, revoke, files, adminUrl: `${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}` }
}

async function bring(page: Page, ...names: string[]): Promise<void> {
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles(names.map((name) => fileOf(name, 'hello')))
  await page.getByRole('button', { name: /^Send \d/ }).click()
  await page
    .getByRole('region', { name: 'Files you added' })
    .getByText(names.at(-1) as string)
    .waitFor()
}

describe.skipIf(!hasBrowser())('asking others for files', () => {
  const open = useBrowser()

  test('a link is made, a guest adds files by it, and its owner sees them', async () => {
    const app = await makeApp()
    const owner = await open()
    await owner.goto(`${app.url}/`)
    await owner.getByRole('link', { name: 'Request files' }).click()
    await owner.getByLabel('What do you need?').fill('Photos of the party')
    await owner.getByLabel('Note for your guests').fill('the blurry ones too')
    await owner.getByLabel('Number of files').fill('3')
    await owner.getByRole('button', { name: 'Create link' }).click()
    await owner.getByRole('heading', { name: 'Your request link is ready' }).waitFor()
    const link = await owner.getByRole('textbox', { name: 'Request link', exact: true }).inputValue()
    await owner.getByRole('button', { name: 'QR code' }).click()
    await owner.getByRole('img', { name: 'QR code of the link' }).waitFor()
    const ownLink = await owner.getByLabel('Your own link').inputValue()
    expect(await owner.getByText('Your link is ready').count()).toBe(0)

    const guest = await open()
    await guest.goto(link)
    await guest.getByRole('heading', { name: 'Photos of the party' }).waitFor()
    await guest.getByText('the blurry ones too').waitFor()
    await guest.getByText('You can add 3 more files').waitFor()
    await bring(guest, 'one.jpg', 'two.jpg')
    await guest.getByText('You can add 1 more file,').waitFor()

    await owner.reload()
    await owner.getByText('2 of 3 files, 10 bytes').waitFor()
    await owner.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    const elsewhere = await open()
    await elsewhere.goto(ownLink)
    await elsewhere.getByText('2 of 3 files, 10 bytes').waitFor()
    const names = await owner.locator('.received .file-name').allTextContents()
    expect(names.sort()).toEqual(['one.jpg', 'two.jpg'])
  })

  test('a guest sees their own files, also after a reload, and nothing else', async () => {
    const app = await makeApp()
    const { link } = await givenRequest(app, {})
    const [first, second] = [await open(), await open()]
    await first.goto(link)
    await bring(first, 'hers.txt')

    await second.goto(link)
    await bring(second, 'second.txt')
    await second.reload()
    await second.getByText('second.txt').waitFor()

    expect(await second.locator('.file-name').allTextContents()).toEqual(['second.txt'])
    expect(await second.getByText('hers.txt').count()).toBe(0)
  })

  test('explains what exceeds the limits, and when a request is full, revoked or expired', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '1KB' })
    const { link, revoke, files } = await givenRequest(app, { maxFiles: 1 })
    const over = await givenRequest(app, { ttl: 60 })
    const page = await open()
    await page.goto(link)
    await page.getByText('You can add 1 more file').waitFor()

    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('a'), fileOf('b')])
    await page.getByRole('alert').filter({ hasText: 'Only 1 more file can be added' }).waitFor()
    expect(await page.locator('.file-name').allTextContents()).toEqual(['a'])
    await page.getByRole('button', { name: 'Remove a' }).click()
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('large.bin', Buffer.alloc(1001))])
    await page
      .getByRole('alert')
      .filter({ hasText: 'large.bin is too large and was not added: the limit is 1 kB.' })
      .waitFor()
    await bring(page, 'only.txt')
    await page.getByRole('heading', { name: 'This request is full' }).waitFor()
    await revoke()
    await page.reload()
    await page.getByRole('heading', { name: 'This request was revoked' }).waitFor()
    app.advance(60_000)
    await page.goto(over.link)
    await page.getByRole('heading', { name: 'This request has ended' }).waitFor()

    expect((await files()).map(({ fileName }) => fileName)).toEqual(['only.txt'])
  })

  test('a guest chooses a file again that was changed before it was sent', async () => {
    const app = await makeApp()
    const { link, files } = await givenRequest(app, { maxFiles: 1 })
    const guest = await open()
    await guest.goto(link)
    const path = fileOf('a.txt', 'hello')
    await guest.locator('input[type=file]').first().setInputFiles(path)
    await guest.getByRole('button', { name: 'Send 1 file' }).waitFor()
    changeFile(path, 'hello, again')

    await guest.getByRole('button', { name: 'Send 1 file' }).click()
    await guest.locator('.file.failed').getByLabel('Choose again').setInputFiles(path)
    await guest.getByRole('region', { name: 'Files you added' }).getByText('a.txt').waitFor()

    expect(await files()).toMatchObject([{ fileName: 'a.txt', fileSize: 12 }])
  })

  test('an owner withdraws a link, and what has come stays', async () => {
    const app = await makeApp()
    const { link, adminUrl, files } = await givenRequest(app, { title: 'Slides' })
    const [owner, guest] = [await open(), await open()]
    await guest.goto(link)
    await bring(guest, 'slides.pdf')
    await owner.goto(adminUrl)

    await owner.getByRole('button', { name: 'Revoke Slides' }).click()
    await owner.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
    await owner.getByText('Revoked').waitFor()
    await guest
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('late.pdf')])
    await guest.getByRole('button', { name: 'Send 1 file' }).click()

    await guest.getByRole('alert').filter({ hasText: 'This request was revoked' }).waitFor()
    expect((await files()).map(({ fileName }) => fileName)).toEqual(['slides.pdf'])
  })

  test('a guest whose page was closed resumes the upload, and others see that its place is taken', {
    timeout: 60_000,
  }, async () => {
    const app = await makeApp({ MD5: 'always' })
    const line = await slowLine(() => app.url)
    const { link, files } = await givenRequest(app, { maxFiles: 1 })
    const content = randomBytes(12_000_000)
    const [guest, other] = [await open(), await open()]
    await guest.goto(link.replace(app.url, line.url))
    await guest
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('large.bin', content)])

    const later = await closeWhileSending(guest, line)
    const offsets = offsetsSentBy(later)
    await later.goto(link.replace(app.url, line.url))
    await later.getByRole('heading', { name: 'An upload was interrupted' }).waitFor()
    await later.getByText('Your unfinished upload counts as the last file').waitFor()
    await other.goto(link)
    await other.getByRole('heading', { name: 'Someone is already sending the last file' }).waitFor()
    await later.locator('.unfinished input[type=file]').setInputFiles([fileOf('large.bin', content)])
    await later.getByRole('heading', { name: 'This request is full' }).waitFor()
    await other.getByRole('button', { name: 'Check again' }).click()
    await other.getByRole('heading', { name: 'This request is full' }).waitFor()

    expect(await files()).toMatchObject([{ fileName: 'large.bin', fileMd5: md5(content) }])
    expect(offsets.at(0)).toBeGreaterThan(0)
    expect(await later.getByText('An upload was interrupted').count()).toBe(0)
  })

  test('a guest can pause and continue, is asked before the page closes, and gives the place back', async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const { link } = await givenRequest(app, { maxFiles: 1 })
    const page = await open()
    await page.goto(link.replace(app.url, line.url))
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('large.bin', randomBytes(12_000_000))])
    await sendSlowly(page, line)

    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByRole('heading', { name: 'Sending 1 file' }).waitFor()
    const asked = page.waitForEvent('dialog')
    void page.reload().catch(() => {}) // when it is dismissed
    const question = await asked
    await question.accept()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('You can add 1 more file').waitFor()

    expect(question.type()).toBe('beforeunload')
  })

  test('the send page does not show what was begun as a guest', async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const { link } = await givenRequest(app, {})
    const guest = await open()
    await guest.goto(link.replace(app.url, line.url))
    await guest
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('large.bin', randomBytes(12_000_000))])
    await sendSlowly(guest, line)
    await guest.close({ runBeforeUnload: false })

    const later = await guest.context().newPage()
    await later.goto(`${line.url}/`)
    await later.getByRole('heading', { name: 'Share files' }).waitFor()

    expect(await later.locator('.unfinished').count()).toBe(0)
  })

  test('a guest on a phone sees no hint about dropping, and may choose a folder', async () => {
    const app = await makeApp()
    const { link } = await givenRequest(app, {})
    const page = await open({ hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } })
    await page.goto(link)
    await page.getByText('What would you like to send?').waitFor()

    const folder = page.locator('input[webkitdirectory]')

    expect(await page.getByText(/Drop files/).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Choose a folder' }).count()).toBe(1)
    expect(await folder.count()).toBe(1)
  })

  test('works with the keyboard alone', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/#/ask`)
    await page.getByLabel('What do you need?').focus()

    await page.keyboard.type('Notes')
    for (const _ of ['note', 'files', 'size', 'open for', 'keep for', 'button']) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    await page.getByRole('textbox', { name: 'Request link', exact: true }).waitFor()
    await page.getByText('Notes').waitFor()
  })
})

describe.skipIf(!hasBrowser()).each(['light', 'dark'] as const)(
  'the pages about guests in the %s theme',
  (colorScheme) => {
    const open = useBrowser()

    test('have no fault that axe finds, and do not scroll sideways on a small phone', { timeout: 60_000 }, async () => {
      const app = await makeApp()
      const page = await open({ colorScheme, viewport: { width: 360, height: 740 } })
      const seen: Record<string, [string[], boolean]> = {}
      const look = async (what: string) => {
        seen[what] = [await faults(page), await isScrollingSideways(page)]
      }
      const { link, adminUrl } = await givenRequest(app, { title: 'long'.repeat(50), comments: 'x'.repeat(300) })
      await page.goto(`${app.url}/#/ask`)
      await page.getByRole('button', { name: 'Create link' }).waitFor()
      await look('ask')
      await page.getByRole('button', { name: 'Create link' }).click()
      await page.getByRole('heading', { name: 'Your request link is ready' }).waitFor()
      await look('ready')
      await page.goto(link)
      await page.getByText('Drop files or folders here').waitFor()
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles([fileOf(`${'name'.repeat(50)}.txt`, 'hello')])
      await look('guest')
      await bring(page, 'small.txt')
      await look('brought')
      await page.goto(adminUrl)
      await page.getByRole('heading', { name: 'Guest uploads' }).waitFor()
      await page.getByRole('button', { name: 'New request link' }).click()
      await look('new request')
      await page.getByRole('button', { name: 'Create link' }).click()
      await page.getByRole('textbox', { name: 'Request link', exact: true }).waitFor()
      await look('owner')

      expect(seen).toEqual(Object.fromEntries(Object.keys(seen).map((what) => [what, [[], false]])))
    })
  },
)
