import { randomBytes } from 'node:crypto'
import { Decrypter } from 'age-encryption'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { givenEncrypted } from './encrypted.ts'
import { choose, closeWhileSending, fileOf, saved, send, sha256 } from './page-tests.ts'

interface Stored {
  e2ee: string
  comments: string
  files: { id: string; fileName: string; fileSize: number }[]
}

/** Chooses files and that they are encrypted. */
async function chooseEncrypted(page: Page, app: { url: string }, files: string[]): Promise<void> {
  await page.goto(`${app.url}/`)
  await choose(page, files)
  await page.getByText('Options').click()
  await page.getByLabel('Encrypt end to end').check()
}

const queryOf = (link: string) => new URLSearchParams(link.split('?')[1])

async function storedOf(app: { url: string }, link: string): Promise<Stored> {
  return (await (await fetch(`${app.url}/upload/${queryOf(link).get('id')}`)).json()) as Stored
}

async function decrypted(app: { url: string }, link: string, file: Stored['files'][number]): Promise<Uint8Array> {
  const query = queryOf(link)
  const response = await fetch(`${app.url}/file/${query.get('id')}/${file.id}/${file.fileName}`)
  const decrypter = new Decrypter()
  decrypter.addIdentity(query.get('key') as string)
  return decrypter.decrypt(await response.bytes())
}

const LOCK = 'End-to-end encrypted and checked'

describe.skipIf(!hasBrowser())('an encrypted upload on the page', () => {
  const open = useBrowser()

  test.each([0, 65_536, 65_537, 3_000_000])(
    'of %d bytes is age ciphertext on the server, under a name that tells nothing, and is opened by the link alone',
    async (size) => {
      const app = await makeApp()
      const content = randomBytes(size)
      const sender = await open()
      await chooseEncrypted(sender, app, [fileOf('secret plans.bin', content)])
      await sender.getByLabel('Message').fill('the *secret* message')
      const requests: string[] = []
      sender.on('request', (request) => requests.push(`${request.url()} ${request.postData() ?? ''}`))
      const link = await send(sender)
      await sender.getByText(LOCK).waitFor()

      const receiver = await open()
      await receiver.goto(link)
      await receiver.getByText(LOCK).waitFor()
      const file = await saved(receiver, () =>
        receiver.getByRole('button', { name: 'Download secret plans.bin' }).click(),
      )

      const stored = await storedOf(app, link)
      expect(file.name).toBe('secret plans.bin')
      expect(sha256(file.bytes)).toBe(sha256(content))
      expect(sha256(await decrypted(app, link, stored.files[0] as Stored['files'][number]))).toBe(sha256(content))
      expect(stored.e2ee).toBe('age')
      expect(JSON.stringify(stored)).not.toMatch(/secret|plans/)
      expect(await receiver.locator('.message em').textContent()).toBe('secret')
      expect(requests.filter((request) => request.includes('AGE-SECRET-KEY'))).toEqual([])
    },
  )

  test('is saved from an address that tells nothing, also when the browser asks for it again', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'folder/secret plans.txt', content: 'plans' }])
    const page = await open()
    const asked: string[] = []
    page.context().on('request', (request) => asked.push(request.url()))
    await page.goto(link)

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download folder/secret plans.txt' }).click(),
    ])
    await download.path()
    const again = await page.context().newPage()
    const answer = await again.goto(download.url())

    expect(download.suggestedFilename()).toBe('secret plans.txt')
    expect(new URL(download.url()).pathname).toMatch(/^\/download\/[0-9a-f-]{36}$/)
    expect(answer?.status()).toBe(404)
    expect(asked.filter((url) => !url.includes('/assets/') && /secret|plans/i.test(url))).toEqual([])
  })

  test('encrypts files that are added later, too', async () => {
    const app = await makeApp()
    const page = await open()
    await chooseEncrypted(page, app, [fileOf('first.txt', 'first')])
    const link = await send(page)

    await page
      .locator('.received input[type=file]')
      .first()
      .setInputFiles([fileOf('second.txt', 'second')])
    await page.locator('.received').getByText('second.txt').waitFor()
    await page.getByText(LOCK).waitFor()

    const stored = await storedOf(app, link)
    const contents = await Promise.all(stored.files.map((file) => decrypted(app, link, file)))
    expect(contents.map((bytes) => Buffer.from(bytes).toString())).toEqual(['first', 'second'])
  })

  test('asks for the key when the link has lost it, and does not open with another', async () => {
    const app = await makeApp()
    const page = await open()
    await chooseEncrypted(page, app, [fileOf('a.txt', 'a')])
    await page.getByLabel('Message').fill('hello')
    const link = await send(page)
    const receiver = await open()

    await receiver.goto(link.replace(/&key=.*/, ''))
    await receiver.getByLabel('Key').fill(`AGE-SECRET-KEY-1${'Q'.repeat(58)}`)
    await receiver.getByRole('button', { name: 'Open' }).click()
    await receiver.getByText('This key does not open these files.').waitFor()
    await receiver.getByLabel('Key').fill(`(${link}).`)
    await receiver.getByRole('button', { name: 'Open' }).click()

    await receiver.getByText('a.txt').waitFor()
    await receiver.getByText(LOCK).waitFor()
  })

  test('calls a wrong key wrong, and one that is cut off cut off', async () => {
    const app = await makeApp()
    const page = await open()
    await chooseEncrypted(page, app, [fileOf('a.txt', 'a')])
    const [link, other] = [await send(page), await open()]
    await chooseEncrypted(other, app, [fileOf('b.txt', 'b')])
    const otherKey = queryOf(await send(other)).get('key')
    const receiver = await open()

    await receiver.goto(link.replace(/key=.*/, `key=${otherKey}`))
    await receiver.getByRole('heading', { name: 'The key is wrong' }).waitFor()
    await receiver.goto(link.slice(0, -10))
    await receiver.getByRole('heading', { name: 'The key is incomplete' }).waitFor()

    await receiver.getByRole('alert').filter({ hasText: '64 of 74 characters' }).waitFor()
    expect(await receiver.getByText('b.txt').count()).toBe(0)
  })

  test('that can be downloaded once is opened once, and nothing is read before', async () => {
    const app = await makeApp()
    const sender = await open()
    await chooseEncrypted(sender, app, [fileOf('once.txt', 'only once')])
    await sender.getByLabel('Downloads').selectOption({ label: 'Once, then deleted' })
    const link = await send(sender)
    await sender.getByText('Encrypted in the browser. Names, sizes and order match').waitFor()

    const receiver = await open()
    await receiver.goto(link)
    const file = await saved(receiver, () => receiver.getByRole('button', { name: 'Download once.txt' }).click())

    expect(file.bytes.toString()).toBe('only once')
    await receiver.reload()
    await receiver.getByText('All files have been downloaded or deleted.').waitFor()
  })

  test('continues from where it was when the page was closed', { timeout: 40_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const content = randomBytes(12_000_000)
    const page = await open()
    await chooseEncrypted(page, line, [fileOf('large.bin', content)])

    const later = await closeWhileSending(page, line)
    await later.goto(`${line.url}/`)
    await later.locator('.unfinished input[type=file]').setInputFiles([fileOf('large.bin', content)])
    await later.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    await later.getByText(LOCK).waitFor()
    const file = await saved(later, () => later.getByRole('button', { name: 'Download large.bin' }).click())

    expect(sha256(file.bytes)).toBe(sha256(content))
  })
})
