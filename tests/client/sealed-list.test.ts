import { randomBytes } from 'node:crypto'
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { fileAt, saveFile } from '../../client/node/mayfly-client-node.ts'
import { openName, openStream, openText } from '../../client/src/encryption.ts'
import { isListedHead, openManifest, textDigest } from '../../client/src/manifest.ts'
import {
  createClient,
  type FileLink,
  parseLink,
  type UploadInfo,
  type UploadState,
} from '../../client/src/mayfly-client.ts'
import { hasBrowser, useBrowser } from '../helpers/browser.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { sharedServer } from '../helpers/spawn-server.ts'
import { bytesOf, MIB, randomFile, sha256 } from './given.ts'
import { VECTOR } from './vector.ts'

/** The sealed list of an encrypted upload: what the client lists, what the page lists, and what a server may not change. */

const server = sharedServer()

test('what the page made opens', async () => {
  const { key, name, bytes, message, manifest } = VECTOR
  const sealed = Buffer.from(bytes, 'base64')

  const { version, message: messageDigest, files } = openManifest(manifest, key)

  expect(openName(name, key)).toBe('trip/你好.txt')
  expect(await openText(message, key)).toBe('for Ann')
  expect(await new Response(await openStream(new Blob([sealed]).stream(), key)).text()).toBe('hello')
  expect([version, messageDigest]).toEqual([3, textDigest(message)])
  expect(files).toEqual([{ name: textDigest(name), head: expect.any(String), size: 5 }])
  expect(files.map((file) => isListedHead(sealed, file))).toEqual([true])
})

describe.skipIf(!hasBrowser())('the page and the client', () => {
  const open = useBrowser()
  const LOCK = 'End-to-end encrypted and checked'

  test('a file that the client sent is opened by the page, with the lock', async () => {
    const file = randomFile(3 * MIB, 'plan.bin')
    const stream = { name: 'folder/stream.bin', data: randomFile(2 * MIB).stream() }
    const { link } = await createClient({ url: server.url() }).upload([file, stream], {
      encrypt: true,
      comments: 'for *you*',
    })
    const page = await open()

    await page.goto(link)
    await page.getByText(LOCK).waitFor()

    expect(await page.locator('.message em').textContent()).toBe('you')
    expect(await downloadedSha256(page, 'plan.bin')).toBe(sha256(await bytesOf(file)))
  })

  test('a file that the page sent is read by the client', async () => {
    const page = await open()
    const content = randomBytes(3 * MIB)
    await page.goto(`${server.url()}/`)
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([{ name: 'plan.bin', mimeType: 'application/octet-stream', buffer: content }])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await page.getByLabel('Message').fill('for you')
    await page.getByRole('button', { name: /^Send \d/ }).click()
    const link = await page.getByRole('textbox', { name: 'Link', exact: true }).inputValue()

    const client = createClient({ url: server.url() })
    const found = await client.info(link)
    const bytes = await bytesOf(await (await client.download(link)).blob())

    expect(found).toMatchObject({ comments: 'for you', isListed: true, absentFiles: 0 })
    expect(found.files).toMatchObject([{ name: 'plan.bin', size: 3 * MIB, isForeign: false }])
    expect(sha256(bytes)).toBe(sha256(content))
  })

  async function downloadedSha256(page: Page, name: string): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Download ${name}` }).click(),
    ])
    const folder = temporaryFolder()
    await download.saveAs(join(folder, 'saved'))
    return sha256(await bytesOf(await (await fileAt(join(folder, 'saved'))).source.slice(0, Number.MAX_SAFE_INTEGER)))
  }
})

interface Json {
  e2ee?: string
  manifest?: string
  comments: string
  files: { id: string; fileName: string; fileSize: number }[]
}

describe('a server that changes', () => {
  test.each<[string, (json: Json) => void]>([
    ['the encryption', (json) => delete json.e2ee],
    ['the list, which is gone', (json) => delete json.manifest],
    [
      'the list',
      (json) => Object.assign(json, { manifest: json.manifest?.replace(/^./, (a) => (a === 'A' ? 'B' : 'A')) }),
    ],
    ['the message', (json) => Object.assign(json, { comments: '' })],
  ])('%s shows nothing', async (_what, change) => {
    const { link, files } = await givenUpload()
    const client = hostile(change)

    await expect(client.info(link)).rejects.toMatchObject({ code: 'not_as_sent' })
    await expect(client.download(files[0]?.link ?? '')).rejects.toMatchObject({ code: 'not_as_sent' })
  })

  test.each<[string, (json: Json) => void, boolean[]]>([
    ['sizes', ({ files: [one] }) => Object.assign(one as object, { fileSize: 207 }), [true, false]],
    ['a name', ({ files: [one] }) => Object.assign(one as object, { fileName: 'virus.txt' }), [false, true]],
    [
      'the number of files',
      ({ files }) => files.push({ ...(files[0] as Json['files'][0]), id: 'x' }),
      [false, true, false],
    ],
  ])('%s is found out', async (_what, change, foreign) => {
    const { link } = await givenUpload()

    const found = await hostile(change).info(link)

    expect(found.files.map(({ isForeign }) => isForeign)).toEqual(foreign)
  })

  test('the order has no effect', async () => {
    const { link } = await givenUpload()

    const found = await hostile(({ files }) => files.reverse()).info(link)

    expect(found.files.map(({ name, isForeign }) => [name, isForeign])).toEqual([
      ['one.txt', false],
      ['two.txt', false],
    ])
  })

  test('names returns neither of the files', async () => {
    const { files } = await givenUpload()
    const client = hostile(({ files: [one, two] }) => {
      if (!one || !two) return
      ;[one.fileName, two.fileName] = [two.fileName, one.fileName]
    })

    for (const { link } of files) await expect(client.download(link)).rejects.toMatchObject({ code: 'not_as_sent' })
  })

  test('contents leaves nothing on the disk', async () => {
    const { files } = await givenUpload()
    const [one = '', other = ''] = files.map(({ link }) => (parseLink(link) as FileLink).url)
    const client = createClient({
      url: server.url(),
      fetch: (url, init) => fetch(url.replace(one, other), init),
    })
    const folder = temporaryFolder()

    const saving = saveFile(client, files[0]?.link ?? '', { directory: folder })

    await expect(saving).rejects.toMatchObject({ code: 'not_as_sent', detail: expect.stringContaining('one.txt') })
    await expect(client.download(files[0]?.link ?? '')).rejects.toMatchObject({ code: 'not_as_sent' })
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })
})

test('a file that was changed, or comes later, is listed as it is sent', async () => {
  const client = createClient({ url: server.url() })
  const path = join(temporaryFolder(), 'file.bin')
  writeFileSync(path, randomBytes(3 * MIB))
  utimesSync(path, 1000, 1000)
  const stop = new AbortController()
  let state: UploadState | undefined
  const onState = (told: UploadState) => {
    state = told
  }
  const onProgress = ({ sent }: { sent: number }) => {
    if (sent > MIB) stop.abort()
  }
  const hooks = { signal: stop.signal, onState, onProgress, pieceBytes: MIB }
  await client.upload([await fileAt(path)], { encrypt: true }, hooks).catch(() => {})
  writeFileSync(path, randomBytes(3 * MIB))
  utimesSync(path, 1000, 1000)

  const upload = await client.upload(
    [await fileAt(path), randomFile(1000, 'new.bin')],
    {},
    {
      ...(state ? { resume: state } : {}),
    },
  )

  expect(upload.link).toContain('e2ee=2')
  expect(upload.absentFiles).toBe(0)
  expect(upload.files.map(({ name, isForeign }) => [name, isForeign])).toEqual([
    ['file.bin', false],
    ['new.bin', false],
  ])
  for (const { link } of upload.files) await (await client.download(link)).blob()
})

test('a file is taken off the list before it is removed', async () => {
  const client = createClient({ url: server.url() })
  const upload = await givenUpload()

  await client.remove(upload.files[0]?.link ?? '', { token: upload.token ?? '' })

  expect(
    (await client.info(upload.link)).files.map(({ name, status, listed }) => [name, status, listed === undefined]),
  ).toEqual([
    ['two.txt', 'uploaded', false],
    ['one.txt', 'deleted', true],
  ])
})

const givenUpload = (): Promise<UploadInfo> =>
  createClient({ url: server.url() }).upload(
    [
      { name: 'one.txt', data: 'we pay' },
      { name: 'two.txt', data: 'no pay' },
    ],
    { encrypt: true, comments: 'words' },
  )

/** A client whose server says something else of an upload than it should. */
const hostile = (change: (json: Json) => unknown) =>
  createClient({
    url: server.url(),
    fetch: async (url, init) => {
      const answer = await fetch(url, init)
      if (!/\/upload\/\w+$/.test(url)) return answer
      const json = (await answer.json()) as Json
      change(json)
      return Response.json(json)
    },
  })
