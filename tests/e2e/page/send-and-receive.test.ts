import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, drop, fileOf, paste, saved, send, sha256 } from './page-tests.ts'

describe.skipIf(!hasBrowser())('sending and receiving on the page', () => {
  const open = useBrowser()

  test('what one person sends another receives, byte for byte', async () => {
    const app = await makeApp()
    const content = randomBytes(2_000_000)
    const sender = await open()
    await sender.goto(`${app.url}/`)
    await choose(sender, [fileOf('你好 & <b>.bin', content), fileOf('small.txt', 'small')])
    const link = await send(sender)

    const receiver = await open()
    await receiver.goto(link)
    const file = await saved(receiver, () => receiver.getByRole('link', { name: 'Download 你好 & <b>.bin' }).click())

    expect(file.name).toBe('你好 & _b_.bin')
    expect(sha256(file.bytes)).toBe(sha256(content))
    expect(await receiver.getByRole('heading', { name: 'Your link is ready' }).count()).toBe(0)
  })

  test('options that were chosen hold', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt', 'a')])
    await page.getByText('Options').click()
    await page.getByLabel('Keep for').selectOption({ label: '1 hour' })
    await page.getByLabel('Downloads').selectOption({ label: '3 times' })
    await page.getByLabel('Password').fill('secret')
    await page.getByLabel('Message').fill('for **you**')
    await page.getByLabel('Anyone with the link can delete').check()

    const link = await send(page)

    const id = new URLSearchParams(link.split('?')[1]).get('id')
    const headers = { Authorization: `Basic ${btoa('plik:secret')}` }
    const upload = await (await fetch(`${app.url}/upload/${id}`, { headers })).json()
    expect(upload).toMatchObject({ ttl: 3600, maxDownloads: 3, removable: true, comments: 'for **you**' })
  })

  test('a folder is received as a folder', async () => {
    const app = await makeApp()
    const folder = join(temporaryFolder(), 'trip')
    mkdirSync(join(folder, 'day 1'), { recursive: true })
    writeFileSync(join(folder, 'day 1', 'a.txt'), 'a')
    writeFileSync(join(folder, 'b.txt'), 'b')
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.locator('input[webkitdirectory]').setInputFiles(folder)
    await send(page)

    const archive = await saved(page, () => page.getByRole('link', { name: /^Download all/ }).click())

    expect(await page.locator('.received .file-name').allTextContents()).toEqual(['trip/b.txt', 'trip/day 1/a.txt'])
    expect(archive.bytes.includes('trip/day 1/a.txt')).toBe(true)
  })

  test('a part of the files comes as an archive of that part', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt', 'aaa'), fileOf('b.txt', 'bbb'), fileOf('c.txt', 'ccc')])
    await send(page)

    await page.getByLabel('Select a.txt').check()
    await page.getByLabel('Select c.txt').check()
    const archive = await saved(page, () => page.getByRole('link', { name: 'Download 2 files as a zip' }).click())

    expect(['aaa', 'bbb', 'ccc'].map((text) => archive.bytes.includes(text))).toEqual([true, false, true])
  })

  test('dropped files, a pasted picture and a written text are sent', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    await drop(page, 'dropped.txt')
    await drop(page, 'dropped.txt') // once is enough
    await paste(page, 'image.png')
    await page.getByRole('button', { name: 'Write text' }).click()
    await page.getByRole('textbox', { name: 'Text' }).fill('written')
    await page.keyboard.press('Escape') // nothing is lost by it
    await page.getByRole('button', { name: 'Write text' }).click()
    expect(await page.getByRole('textbox', { name: 'Text' }).inputValue()).toBe('written')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await send(page)

    const names = (await page.locator('.received .file-name').allTextContents()).sort()
    expect(names).toEqual([
      'dropped.txt',
      expect.stringMatching(/^pasted 2.*\.png$/),
      expect.stringMatching(/^text 2.*\.txt$/),
    ])
  })

  test('an upload token in the address gives rights, is taken out of it, and is remembered in the tab', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const page = await open()

    await page.goto(`${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}`)
    await page.getByRole('button', { name: 'Delete everything' }).waitFor()

    expect(page.url()).toBe(`${app.url}/#/?id=${upload.id}`)
    await page.reload()
    await page.getByRole('button', { name: 'Delete everything' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(404)
  })

  test('asks for the password, and says when it is wrong', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const locked = await createUpload(app, { password: 'secret', files: [{ fileName: 'locked.txt' }] })
    const page = await open()
    await page.goto(`${app.url}/#/?id=${locked.id}`)

    await page.getByLabel('Password').fill('guess')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('Wrong password.').waitFor()
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Open' }).click()

    await page.getByText('locked.txt').waitFor()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByText('a.txt').waitFor()
  })

  test('fetches what is behind a password without being asked for it again', async () => {
    const app = await makeApp()
    const sender = await open()
    await sender.goto(`${app.url}/`)
    await choose(sender, [fileOf('a.txt', 'content of a'), fileOf('b.txt', 'content of b')])
    await sender.getByText('Options').click()
    await sender.getByLabel('Password').fill('secret')
    const page = await open()
    await page.goto(await send(sender))
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Open' }).click()

    const file = await saved(page, () => page.getByRole('button', { name: 'Download a.txt' }).click())
    const archive = await saved(page, () => page.getByRole('button', { name: /^Download all/ }).click())

    expect(file.bytes.toString()).toBe('content of a')
    expect(archive.name).toMatch(/^mayfly-.*\.zip$/)
    expect([archive.bytes.includes('content of a'), archive.bytes.includes('content of b')]).toEqual([true, true])
    await page.route('**/file/*/*/a.txt*', async (route) => {
      await route.fulfill({ response: await route.fetch(), body: 'content of x' })
    })
    await page.getByRole('button', { name: 'Download a.txt' }).click()
    await page.getByRole('alert').filter({ hasText: 'The file was damaged during the transfer' }).waitFor()
  })

  test('explains that a link has expired, and that a file is being downloaded by another client', async () => {
    const app = await makeApp()
    const { upload, url } = await givenFile(app, { oneShot: true }, 'x'.repeat(500_000), 'once.txt')
    await fetch(url, { headers: { Range: 'bytes=0-9' } })
    const page = await open()

    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByRole('link', { name: 'Download once.txt' }).click()
    await page.getByRole('alert').filter({ hasText: 'Someone else is downloading this' }).waitFor()
    await page.goto(`${app.url}/#/?id=nosuchuploadhere`)

    await page.getByRole('heading', { name: 'This link no longer works' }).waitFor()
    await page.goto(`${app.url}/#/?id=`) // cut off
    await page.reload()
    await page.getByRole('heading', { name: 'This link no longer works' }).waitFor()
  })

  test('a one-time file can be downloaded once, and its page uses up no download', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, { oneShot: true }, 'only once', 'once.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByText('Each file can be downloaded once').waitFor()
    await page.reload()

    const file = await saved(page, () => page.getByRole('link', { name: 'Download once.txt' }).click())
    await page.reload()

    expect(file.bytes.toString()).toBe('only once')
    await page.getByText('All files have been downloaded or deleted.').waitFor()
  })

  test('waits as long as the server asks, says so, and then continues', async () => {
    const app = await makeApp()
    const page = await open({})
    await page.clock.install()
    let requests = 0
    await page.route('**/tus', (route) => {
      requests += 1
      if (requests > 1) return route.continue()
      return route.fulfill({ status: 429, headers: { 'Retry-After': '30' }, body: 'too many requests' })
    })
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt')])

    await page.getByRole('button', { name: 'Send 1 file' }).click()
    await page.getByRole('heading', { name: 'Waiting for the server' }).waitFor()
    await page.getByText('Sending continues in').waitFor()
    await page.clock.runFor(29_000)
    expect(requests).toBe(1)
    const link = page.getByRole('heading', { name: 'Your link is ready' })
    while ((await link.count()) === 0) await page.clock.runFor(2_000)
    expect(requests).toBe(2)
  })

  test('says what the server refuses, in its words', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '1KB', MAX_FILES_PER_UPLOAD: '2' })
    const page = await open()
    await page.goto(`${app.url}/`)

    await choose(page, [fileOf('large.bin', Buffer.alloc(1001))])
    await page.getByRole('alert').filter({ hasText: 'large.bin is larger than this server allows (1 kB)' }).waitFor()
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('1'), fileOf('2'), fileOf('3')])

    await page.getByRole('alert').filter({ hasText: 'A link can hold up to 2 files' }).waitFor()
  })
})
