import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** Limits at the limit and one past it (Plik §3.6, P9). */

const FULL: [number, string] = [400, 'maximum number file per upload reached, limit is 2\n']

test('a file of exactly the largest size is taken, one byte more is not (Plik §3.6)', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10B' })
  const upload = await createUpload(app)

  expect(await jsonOf(addFile(app, upload, '0123456789'))).toMatchObject({ fileSize: 10 })
  expect(await answerOf(addFile(app, upload, '0123456789x'))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
})

test('the size limit holds for quick uploads alike', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10B' })
  const put = (body: string) => fetch(`${app.url}/a`, { method: 'PUT', body })

  expect((await put('0123456789')).status).toBe(200)
  expect(await answerOf(put('0123456789x'))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
})

test('a client that asks for JSON gets 413 for a file that is too big (design §1)', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10B' })

  const response = await fetch(`${app.url}/a`, {
    method: 'PUT',
    body: '0123456789x',
    headers: { Accept: 'application/json' },
  })

  expect(response.status).toBe(413)
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Payload Too Large',
    status: 413,
    detail: 'file too big (limit is set to 10 B)',
    code: 'file_too_large',
    parameters: { max: 10 },
  })
})

test('unlimited means that no size is refused', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: 'unlimited' })

  const files = [{ fileName: 'a', fileSize: Number.MAX_SAFE_INTEGER }]
  const upload = await createUpload(app, { stream: true, files }) // which takes no space

  expect(upload.files).toMatchObject([{ fileSize: 9_007_199_254_740_991 }])
})

test('an upload takes as many files as allowed; declared ones count (Plik §2.2)', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '2' })
  const declared = await createUpload(app, { files: [{ fileName: 'a' }, { fileName: 'b' }] })
  const open = await createUpload(app)

  expect(await answerOf(addFile(app, declared, 'x'))).toEqual(FULL)
  expect((await addFile(app, open, 'x')).status).toBe(200)
  expect((await addFile(app, open, 'x')).status).toBe(200)
  expect(await answerOf(addFile(app, open, 'x'))).toEqual(FULL)
})

test('removed files count as well (Plik §3.2), failed ones do not', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '2', MAX_FILE_SIZE: '10B' })
  const upload = await createUpload(app)
  const file = await jsonOf(addFile(app, upload, 'x', 'a'))
  const headers = { 'X-UploadToken': upload.uploadToken }
  await fetch(`${app.url}/file/${upload.id}/${file.id}/a`, { method: 'DELETE', headers })
  await addFile(app, upload, 'much too large')

  expect((await addFile(app, upload, 'x')).status).toBe(200)
  expect(await answerOf(addFile(app, upload, 'x'))).toEqual(FULL)
})

test('of twenty files that are added at once to an upload for five, exactly five get in (P9)', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '5' })
  const upload = await createUpload(app)

  const responses = await Promise.all(Array.from({ length: 20 }, () => addFile(app, upload, 'hello')))

  expect(responses.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
    ...Array(5).fill(200),
    ...Array(15).fill(400),
  ])
  const { files } = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${upload.id}`))
  expect(files?.map(({ status }) => status)).toEqual(Array(5).fill('uploaded'))
})

test('30 files of one upload arrive in parallel, each with its own content (Plik §6.3)', async () => {
  const app = await makeApp()
  const upload = await createUpload(app)

  const sent = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => jsonOf(addFile(app, upload, `content ${index}`, `${index}.txt`))),
  )

  const contents = await Promise.all(
    sent.map(async ({ id }, index) => (await fetch(`${app.url}/file/${upload.id}/${id}/${index}.txt`)).text()),
  )
  expect(contents).toEqual(Array.from({ length: 30 }, (_, index) => `content ${index}`))
})

test('a thousand files can be declared at once (Plik §1.3)', async () => {
  const app = await makeApp()
  const files = Array.from({ length: 1000 }, (_, index) => ({ fileName: `${index}` }))

  const upload = await createUpload(app, { files })

  expect(upload.files?.map(({ fileName }) => fileName)).toEqual(files.map(({ fileName }) => fileName))
})
