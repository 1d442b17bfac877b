import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { secretsIn, storedPixels } from '../../helpers/images.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { phonePhoto } from '../images/given.ts'
import { createResumable, head, offsetOf, patch, terminate } from './tus-requests.ts'

/** How uploads end that were not finished, and what the finished ones leave. */

const HOUR = 60 * 60 * 1000

const unfinished = ({ dataDir }: TestApp): string[] => readdirSync(join(dataDir, 'files', 'tmp'))
const stored = ({ dataDir }: TestApp): string[] =>
  readdirSync(join(dataDir, 'files'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/[0-9a-f]{32}$/.test(path),
  )

test('an upload that is not resumed expires, with the upload that was created for it', async () => {
  const app = await makeApp({ RESUME_WINDOW: '2h' })
  const { url, link } = await createResumable(app, 11)
  await patch(url, 0, 'hello ')
  app.advance(2 * HOUR - 1)
  await app.maintenance.clean()
  expect(await offsetOf(url)).toBe(6)

  app.advance(2 * HOUR)
  expect(await offsetOf(url)).toBe(404)
  await app.maintenance.clean()

  expect(unfinished(app)).toEqual([])
  expect(stored(app)).toEqual([])
  expect((await fetch(link)).status).toBe(404)
  expect((await fetch(`${app.url}/upload/${link.split('/')[4]}`)).status).toBe(404)
})

test('every byte starts the time anew', async () => {
  const app = await makeApp({ RESUME_WINDOW: '2h' })
  const { url, link } = await createResumable(app, 11)
  app.advance(HOUR + 1)
  await patch(url, 0, 'hello ')
  app.advance(HOUR + 1)
  await app.maintenance.clean()

  await patch(url, 6, 'world')

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('a sweep makes a declared file missing again, and leaves its upload alone', async () => {
  const app = await makeApp({ RESUME_WINDOW: '2h' })
  const upload = await createUpload(app, { files: [{ fileName: 'file.txt', reference: '0' }] })
  const fileId = upload.files?.[0]?.id as string
  const { url } = await createResumable(app, 11, { uploadId: upload.id, fileId, uploadToken: upload.uploadToken })
  await patch(url, 0, 'hello ')

  app.advance(2 * HOUR)
  await app.maintenance.clean()

  const { files } = await jsonOf<{ files: { status: string }[] }>(fetch(`${app.url}/upload/${upload.id}`))
  expect(files.map(({ status }) => status)).toEqual(['missing'])
  expect(unfinished(app)).toEqual([])
})

test('bytes that keep arriving do not keep it forever', async () => {
  const app = await makeApp({ RESUME_WINDOW: '1h' })
  const { url } = await createResumable(app, 11)

  for (let offset = 0; offset < 7; offset += 1) {
    app.advance(HOUR - 1)
    expect((await patch(url, offset, 'x')).status).toBe(204)
  }
  app.advance(7)

  expect((await patch(url, 7, 'x')).status).toBe(404)
  await app.maintenance.clean()
  expect(unfinished(app)).toEqual([])
})

test('an unfinished file outlives sweeps for as long as it may be continued', async () => {
  const app = await makeApp({ RESUME_WINDOW: '2d' })
  const { url, link } = await createResumable(app, 11)
  await patch(url, 0, 'hello ')
  app.advance(47 * HOUR)
  await app.maintenance.clean()

  await patch(url, 6, 'world')

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('terminated, it is deleted at once', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 11)
  await patch(url, 0, 'hello ')

  expect((await terminate(url)).status).toBe(204)

  expect((await head(url)).status).toBe(404)
  expect((await terminate(url)).status).toBe(404)
  expect((await fetch(link)).status).toBe(404)
  expect(unfinished(app)).toEqual([])
})

test('terminated when it is finished, the file is deleted, and the upload that was created for it', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 5)
  await patch(url, 0, 'hello')

  expect((await terminate(url)).status).toBe(204)

  expect((await head(url)).status).toBe(404)
  expect((await fetch(link)).status).toBe(404)
  expect((await fetch(`${app.url}/upload/${link.split('/')[4]}`)).status).toBe(404)
  await app.maintenance.clean()
  expect(stored(app)).toEqual([])
})

test.each([
  ['unfinished', 'hello '],
  ['finished', 'hello world'],
])('terminated when it is %s, it leaves other files of the upload that was made for it', async (_state, content) => {
  const app = await makeApp()
  const { url, link, uploadToken } = await createResumable(app, 11)
  const id = link.split('/')[4] as string
  const added = await jsonOf(addFile(app, { id, uploadToken: uploadToken ?? '', files: null }, 'kept', 'kept.txt'))
  await patch(url, 0, content)

  expect((await terminate(url)).status).toBe(204)

  expect((await fetch(link)).status).toBe(404)
  expect(await answerOf(fetch(`${app.url}/file/${id}/${added.id}/kept.txt`))).toEqual([200, 'kept'])
})

test('when its file is removed meanwhile, it takes no more and its bytes go', async () => {
  const app = await makeApp()
  const { url, link, uploadToken } = await createResumable(app, 11)
  await patch(url, 0, 'hello ')
  await fetch(link, { method: 'DELETE', headers: { 'X-UploadToken': uploadToken ?? '' } })

  expect((await patch(url, 6, 'world')).status).toBe(404)
  await app.maintenance.clean()

  expect(unfinished(app)).toEqual([])
  expect(stored(app)).toEqual([])
  expect((await fetch(link)).status).toBe(404)
})

test('when its upload expires meanwhile, its bytes go', async () => {
  const app = await makeApp()
  const { upload } = await givenFile(app, { ttl: HOUR / 1000 }, 'whole')
  const { url } = await createResumable(app, 11, { uploadId: upload.id, uploadToken: upload.uploadToken })
  await patch(url, 0, 'hello ')

  app.advance(HOUR)
  await app.maintenance.clean()

  expect(unfinished(app)).toEqual([])
  expect(await offsetOf(url)).toBe(404)
})

test('finished, it can still be asked for until its time is up, and then only the row goes', async () => {
  const { app, db } = await makeAppWithDatabase({ RESUME_WINDOW: '2h' })
  const { url, link } = await createResumable(app, 5)
  await patch(url, 0, 'hello')
  app.advance(HOUR)
  await app.maintenance.clean()
  expect(await offsetOf(url)).toBe(5)

  app.advance(HOUR)
  await app.maintenance.clean()

  expect(await db.selectFrom('resumables').selectAll().execute()).toEqual([])
  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
  expect(stored(app).length).toBe(1)
})

test('a crash between the file and the note of it costs neither', async () => {
  const { app, db } = await makeAppWithDatabase({ RESUME_WINDOW: '2h' })
  const { url, link } = await createResumable(app, 5)
  await patch(url, 0, 'hello')
  const { blobKey } = await db.selectFrom('files').select('blobKey').executeTakeFirstOrThrow()
  await db.updateTable('resumables').set({ status: 'open', blobKey }).execute()

  expect(await offsetOf(url)).toBe(5)
  await db.updateTable('resumables').set({ status: 'open', blobKey }).execute()
  app.advance(2 * HOUR)
  await app.maintenance.clean()

  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
})

test.each([
  ['of which something was noted before', 3, ''],
  ['of which nothing was noted before', 0, null],
])('a crash after the last byte was stored, %s, is made good by whoever continues', async (_name, received, notes) => {
  const { app, db } = await makeAppWithDatabase()
  const { url, link } = await createResumable(app, 5)
  await patch(url, 0, 'hello')
  const { blobKey } = await db.selectFrom('files').select('blobKey').executeTakeFirstOrThrow()
  await db.updateTable('resumables').set({ status: 'open', blobKey, received, notes }).execute()
  await db.updateTable('files').set({ status: 'uploading', blobKey: null }).execute()

  expect((await patch(url, received, 'hello'.slice(received))).status).toBe(204)

  expect(await offsetOf(url)).toBe(5)
  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
})

test('a photo that came in pieces loses its GPS position, and nothing stays of it as it came', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const { url, link } = await createResumable(app, photo.length, { filename: 'photo.jpg' })
  await patch(url, 0, photo.subarray(0, 500))

  await patch(url, 500, photo.subarray(500))

  const delivered = Buffer.from(await (await fetch(link)).arrayBuffer())
  expect(secretsIn(Buffer.from(photo))).not.toEqual([])
  expect(secretsIn(delivered)).toEqual([])
  expect(await storedPixels(delivered)).toEqual(await storedPixels(Buffer.from(photo)))
  expect(await offsetOf(url)).toBe(photo.length)
  expect(stored(app).length).toBe(1)
})

test('what an upload of encrypted files must not hold is taken away in the end', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 5, { e2ee: 'age' })

  expect(await answerOf(patch(url, 0, 'hello'))).toEqual([
    400,
    'this upload takes only files that are encrypted with age\n',
  ])

  expect(await offsetOf(url)).toBe(404)
  expect((await fetch(link)).status).toBe(404)
  expect(stored(app)).toEqual([])
})
