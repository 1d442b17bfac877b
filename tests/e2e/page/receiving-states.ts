import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import type { TestApp } from '../../helpers/make-app.ts'
import { pdf, wav, webm } from '../../helpers/media.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { flipped, givenEncrypted } from './encrypted.ts'

/** All states of the page of a link. */

interface State {
  options?: BrowserContextOptions
  isPdf?: boolean
  /** Runs in the page before anything else. */
  script?: string
  /** Brings the page into the state, whatever its language. */
  arrange: (app: TestApp, page: Page) => Promise<unknown>
}

const LONG = `${'a very long name that somebody gave to a file '.repeat(3)}withoutanyspaces${'x'.repeat(60)}.bin`
const NOTHING_BETTER = { options: { serviceWorkers: 'block' }, script: 'delete window.showSaveFilePicker' } as const
const HUGE = 300_000_000

const photo = (colour: string): Promise<Buffer> =>
  sharp({ create: { width: 800, height: 600, channels: 3, background: colour } })
    .jpeg()
    .toBuffer()

export const STATES: Record<string, State> = {
  'several files': {
    arrange: async (app, page) => {
      const comments = 'Three days at the sea.\n\n- the **lighthouse** at dawn\n- the way back'
      const upload = await createUpload(app, { comments, removable: true })
      await addFile(app, upload, new Uint8Array(await photo('#48bfe3')), 'trip∕harbour.jpg')
      await addFile(app, upload, new Uint8Array(await photo('#e76f51')), 'trip∕the lighthouse at dawn.jpg')
      await addFile(app, upload, 'Ask for the soup.', 'where to eat.txt')
      await addFile(app, upload, 'x', LONG)
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('.gallery').waitFor() // it moves what is below
      await page.locator('.file-actions input').first().check()
      await page.waitForLoadState('networkidle')
    },
  },
  'one file': {
    arrange: async (app, page) => {
      const { upload } = await givenFile(app, {}, 'hello', 'a letter.txt')
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('.file').waitFor()
    },
  },
  'encrypted files': {
    arrange: async (app, page) => {
      const { link } = await givenEncrypted(app, [
        { path: 'plans/garden.txt', content: 'roses' },
        { path: LONG, content: 'x' },
      ])
      await page.goto(link)
      await page.locator('.encryption.good').waitFor()
      await page.locator('details summary').click()
    },
  },
  'a file on its way': {
    arrange: async (app, page) => {
      await slowly(app, page)
      await page.locator('.file-actions button:last-child').first().click()
      await page.locator('.file progress').waitFor()
    },
  },
  'a zip on its way': {
    arrange: async (app, page) => {
      await slowly(app, page)
      await page.locator('.received > button.large').click()
      await page.locator('.total progress').waitFor()
    },
  },
  'a zip that failed': {
    arrange: async (app, page) => {
      const files = [
        { path: 'good.txt', content: 'good' },
        { path: LONG, content: 'bad', spoil: flipped },
      ]
      await page.goto((await givenEncrypted(app, files)).link)
      await page.locator('.received > button.large').click()
      await page.getByRole('alert').waitFor()
    },
  },
  'a file that is too large for this browser': {
    ...NOTHING_BETTER,
    arrange: async (app, page) => {
      const files = [
        { path: 'film.mkv', content: 'x' },
        { path: 'notes.txt', content: 'x' },
      ]
      const { link } = await givenEncrypted(app, files, { manifest: '' })
      await page.route('**/upload/*', async (route) => {
        const response = await route.fetch()
        const upload = (await response.json()) as { files: { fileSize: number }[] }
        for (const file of upload.files) file.fileSize = HUGE
        await route.fulfill({ response, json: upload })
      })
      await page.goto(link)
      await page.locator('.file-actions button:last-child').first().click()
      await page.getByRole('alert').waitFor()
    },
  },
  'a wrong password': {
    arrange: async (app, page) => {
      const { upload } = await givenFile(app, { password: 'secret' })
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('input[type=password]').fill('wrong')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
    },
  },
  'a missing key': {
    arrange: async (app, page) => {
      const { upload } = await givenEncrypted(app, [{ path: 'a.txt', content: 'a' }])
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('input[type=password]').waitFor()
    },
  },
  'a look at a picture': {
    arrange: async (app, page) => look(app, page, `${'beach '.repeat(20)}.jpg`, await photo('#2a9d8f')),
  },
  'a look at a text': {
    arrange: (app, page) => look(app, page, 'poem.txt', 'roses are red\n'.repeat(80)),
  },
  'a look at a video': {
    arrange: async (app, page) => look(app, page, 'clip.webm', await webm(page)),
  },
  'a look at a sound': { arrange: (app, page) => look(app, page, 'silence.wav', wav()) },
  'a look at a PDF': { isPdf: true, arrange: (app, page) => look(app, page, 'red.pdf', pdf()) },
  'a look that fails': {
    isPdf: true,
    arrange: async (app, page) => {
      await page.goto((await givenEncrypted(app, [{ path: 'no.pdf', content: 'no PDF' }])).link)
      await page.locator('.file-actions button').first().click()
      await page.locator('dialog [role=alert]').waitFor()
    },
  },
  gone: {
    arrange: async (app, page) => {
      await page.goto(`${app.url}/#/?id=unknown`)
      await page.locator('h1').waitFor()
    },
  },
  'its time is up while it is looked at': {
    arrange: async (app, page) => {
      await page.clock.install()
      const { upload } = await givenFile(app, { ttl: 60 }, 'hello', 'short.txt')
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('.file').waitFor()
      app.advance(61_000)
      await page.clock.fastForward(62_000)
      await page.locator('.card.centred h1').waitFor()
    },
  },
  'all fetched': {
    arrange: async (app, page) => {
      const { upload, url } = await givenFile(app, { oneShot: true })
      await (await fetch(url)).text()
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('.received').waitFor()
    },
  },
  'claimed by somebody else': {
    arrange: async (app, page) => {
      const { upload, url } = await givenFile(app, { oneShot: true }, new Uint8Array(30_000_000), 'large.bin')
      const reader = (await fetch(url)).body?.getReader()
      await reader?.read()
      await page.goto(`${app.url}/#/?id=${upload.id}`)
      await page.locator('.file-main a').click()
      await page.getByRole('alert').waitFor()
    },
  },
  'a stream that is not there yet': {
    arrange: async (app, page) => {
      const { id } = await createUpload(app, { stream: true, files: [{ fileName: 'later.txt' }] })
      await page.goto(`${app.url}/#/?id=${id}`)
      await page.locator('.file.absent').waitFor()
    },
  },
  'a server that does not answer': {
    arrange: async (app, page) => {
      await page.route('**/upload/*', (route) => route.abort())
      await page.goto(`${app.url}/#/?id=whatever`)
      await page.getByRole('alert').waitFor()
    },
  },
}

/** Two encrypted files over a line that has become slow. */
async function slowly(app: TestApp, page: Page): Promise<void> {
  const line = await slowLine(() => app.url)
  const { link } = await givenEncrypted(app, [
    { path: 'trip/a film.bin', content: new Uint8Array(4_000_000) },
    { path: 'trip/another film with a rather long name.bin', content: new Uint8Array(4_000_000) },
  ])
  await page.goto(link.replace(app.url, line.url))
  await page.locator('.encryption.good').waitFor()
  line.limitAnswers(250_000)
}

async function look(app: TestApp, page: Page, name: string, content: Buffer | string): Promise<void> {
  const { upload } = await givenFile(app, {}, typeof content === 'string' ? content : new Uint8Array(content), name)
  await page.goto(`${app.url}/#/?id=${upload.id}`)
  await page.locator('.file-actions button').first().click()
  await page.locator('dialog :is(.preview, [role=alert])').waitFor()
  await page.waitForLoadState('load')
}
