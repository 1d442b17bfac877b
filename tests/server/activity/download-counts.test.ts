import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { givenFiles } from '../downloads/given.ts'
import { addImage, phonePhoto } from '../images/given.ts'
import { givenSender, givenStream } from '../streams/given.ts'

/** `downloadCount`, `lastDownloadedAt` and `downloadedBytes` (Plik 1.4, Upload & File Objects). */

interface Counted {
  downloadCount: number
  lastDownloadedAt?: string
}
type CountedUpload = Counted & { downloadedBytes: number; files: Counted[] }

const asAdmin = (app: TestApp, { id, uploadToken }: CreatedUpload): Promise<CountedUpload> =>
  jsonOf(fetch(`${app.url}/upload/${id}`, { headers: { 'X-UploadToken': uploadToken } }))

const countsOf = ({ downloadCount, downloadedBytes, files }: CountedUpload) => ({
  downloadCount,
  downloadedBytes,
  files: files.map((file) => file.downloadCount),
})

async function downloadedBy(url: string, headers: Record<string, string> = {}): Promise<void> {
  await (await fetch(url, { headers })).bytes()
}

test('a download counts for its file and its upload, with its bytes and its time', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app)

  await downloadedBy(url)
  const before = await asAdmin(app, upload)
  app.advance(60_000)
  await downloadedBy(url)
  const after = await asAdmin(app, upload)

  expect(countsOf(before)).toEqual({ downloadCount: 1, downloadedBytes: 5, files: [1] })
  expect(countsOf(after)).toEqual({ downloadCount: 2, downloadedBytes: 10, files: [2] })
  expect(Date.parse(after.lastDownloadedAt ?? '') - Date.parse(before.lastDownloadedAt ?? '')).toBe(60_000)
  expect(after.files[0]?.lastDownloadedAt).toBe(after.lastDownloadedAt)
})

test('only its admin sees how often an upload was downloaded', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app)
  await downloadedBy(url)

  const seen = await jsonOf(fetch(`${app.url}/upload/${upload.id}`))

  expect(seen).toMatchObject({ downloadCount: 0, downloadedBytes: 0, files: [{ downloadCount: 0 }] })
  expect(JSON.stringify(seen)).not.toContain('lastDownloadedAt')
})

test('what was never downloaded has counts, but no time', async () => {
  const app = await makeApp()
  const { upload } = await givenFile(app)

  const seen = await asAdmin(app, upload)

  expect(upload).toMatchObject({ downloadCount: 0, downloadedBytes: 0 })
  expect(countsOf(seen)).toEqual({ downloadCount: 0, downloadedBytes: 0, files: [0] })
  expect(JSON.stringify(seen)).not.toContain('lastDownloadedAt')
})

test('a download in parts is one download: it counts with the last byte, and each byte counts', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app, {}, '0123456789')

  await downloadedBy(url, { Range: 'bytes=0-3' })
  await downloadedBy(url, { Range: 'bytes=4-8' })
  const inBetween = await asAdmin(app, upload)
  await downloadedBy(url, { Range: 'bytes=9-' })

  expect(countsOf(inBetween)).toEqual({ downloadCount: 0, downloadedBytes: 9, files: [0] })
  expect(inBetween.lastDownloadedAt).toBeUndefined()
  expect(countsOf(await asAdmin(app, upload))).toEqual({ downloadCount: 1, downloadedBytes: 10, files: [1] })
})

test('reading only the end is not a download, however often, and each client needs all of it', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app, {}, '0123456789')

  for (const Range of ['bytes=-1', 'bytes=9-', 'bytes=-1', 'bytes=5-9']) await downloadedBy(url, { Range })
  await downloadedBy(url, { Range: 'bytes=0-4', 'User-Agent': 'somebody else' })
  const before = await asAdmin(app, upload)
  await downloadedBy(url, { Range: 'bytes=0-4' })
  await downloadedBy(url, { Range: 'bytes=-1' })

  expect(countsOf(before)).toEqual({ downloadCount: 0, downloadedBytes: 13, files: [0] })
  expect(countsOf(await asAdmin(app, upload))).toEqual({ downloadCount: 1, downloadedBytes: 19, files: [1] })
})

test('the parts of a download may come in any order, and a copy is complete once', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app, {}, '0123456789')

  for (const Range of ['bytes=-4', 'bytes=0-2', 'bytes=3-5', 'bytes=3-5']) await downloadedBy(url, { Range })

  expect(countsOf(await asAdmin(app, upload))).toMatchObject({ downloadCount: 1, files: [1] })
})

test('neither HEAD nor a copy that is still good nor an error counts', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app)
  const { headers } = await fetch(url, { method: 'HEAD' })

  await fetch(url, { headers: { 'If-None-Match': headers.get('etag') ?? '' } })
  await fetch(url, { headers: { Range: 'bytes=9-' } })

  expect(countsOf(await asAdmin(app, upload))).toEqual({ downloadCount: 0, downloadedBytes: 0, files: [0] })
})

test('an empty file counts, too', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app, {}, '')

  await downloadedBy(url)

  expect(countsOf(await asAdmin(app, upload))).toEqual({ downloadCount: 1, downloadedBytes: 0, files: [1] })
})

test('an archive is one download of the upload and one of each file; its bytes are those of the zip', async () => {
  const app = await makeApp()
  const { upload, archive } = await givenFiles(app, {}, [
    ['a.txt', 'first'],
    ['b.txt', 'second'],
  ])

  const zip = await (await fetch(archive)).bytes()

  expect(countsOf(await asAdmin(app, upload))).toEqual({
    downloadCount: 1,
    downloadedBytes: zip.length,
    files: [1, 1],
  })
})

test('a thumbnail is no download, but its bytes were sent', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app)
  const image = await addImage(app, upload, await phonePhoto())

  const thumbnail = await (await fetch(`${image.url}?width=64`)).bytes()
  await downloadedBy(url)

  expect(countsOf(await asAdmin(app, upload))).toEqual({
    downloadCount: 1,
    downloadedBytes: thumbnail.length + 5,
    files: [1, 0],
  })
})

test('a one-shot file counts once, and a stream as well', async () => {
  const app = await makeApp()
  const oneShot = await givenFile(app, { oneShot: true })
  const stream = await givenStream(app)
  const sender = await givenSender(app, stream.upload, stream.id, Buffer.from('hello'))

  await downloadedBy(oneShot.url)
  await downloadedBy(oneShot.url)
  await downloadedBy(stream.url)
  await sender.answer

  const once = { downloadCount: 1, downloadedBytes: 5, files: [1] }
  expect(countsOf(await asAdmin(app, oneShot.upload))).toEqual(once)
  expect(countsOf(await asAdmin(app, stream.upload))).toEqual(once)
})

test('counting writes nothing while a download runs; what was counted is there after a restart', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { upload, url } = await givenFile(app)
  await Promise.all(Array.from({ length: 20 }, () => downloadedBy(url)))

  const rows = () => db.selectFrom('activity').select('downloads').where('id', '=', upload.id).execute()
  const before = await rows()
  await app.close()

  expect(before).toEqual([])
  expect(await rows()).toEqual([{ downloads: 20 }, { downloads: 20 }]) // since ever, and today
})

test('figures of a deleted user are deleted, the totals stay', async () => {
  const { app, db } = await makeAppWithDatabase(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'anna')
  const sent = await fetch(app.url, { method: 'POST', headers, body: fileForm('hello') })
  await downloadedBy((await sent.text()).trim())
  await app.statistics.daily({ scope: 'server', id: '' }, 1)
  await fetch(`${app.url}/me`, { method: 'DELETE', headers })

  app.advance(86_400_000)
  const other = await givenFile(app)
  await asAdmin(app, other.upload)

  const scopes = async (table: 'activity' | 'lifetimeUsage') =>
    (await db.selectFrom(table).select('scope').distinct().orderBy('scope').execute()).map(({ scope }) => scope)
  expect(await scopes('activity')).not.toContain('user')
  expect(await scopes('lifetimeUsage')).toEqual(['anonymous', 'server'])
})

test('figures of a deleted upload are deleted', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { upload, url } = await givenFile(app)
  await downloadedBy(url)
  await asAdmin(app, upload)
  await fetch(`${app.url}/upload/${upload.id}`, {
    method: 'DELETE',
    headers: { 'X-UploadToken': upload.uploadToken },
  })
  await app.maintenance.clean()

  app.advance(40 * 86_400_000)
  const other = await givenFile(app)
  await asAdmin(app, other.upload)

  const rows = await db.selectFrom('activity').select('scope').where('id', '<>', '').execute()
  expect(rows).toEqual([])
})
