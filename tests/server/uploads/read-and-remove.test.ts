import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload, givenFile } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form } from '../../helpers/form.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { openConnection } from '../../helpers/raw-http.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { waitFor } from '../../helpers/wait.ts'

const app = sharedApp()

/** `GET` and `DELETE /upload/:id`, `DELETE /file` (Plik §1.5, §1.8). */

const remove = (url: string, token?: string) =>
  fetch(url, { method: 'DELETE', headers: token === undefined ? {} : { 'X-UploadToken': token } })

const blobs = async ({ dataDir }: TestApp) => storedFiles(dataDir)

test('an upload tells a stranger everything but its token (Plik §1.5)', async () => {
  const { upload, file } = await givenFile(app, { comments: 'hi', oneShot: true, ttl: 60 })

  const seen = await jsonOf(fetch(`${app.url}/upload/${upload.id}`))

  const { uploadToken, ...rest } = upload
  expect(uploadToken).toMatch(/^[A-Za-z0-9]{32}$/)
  expect(seen).toEqual({ ...rest, admin: false, files: [{ ...file, status: 'uploaded' }] })
})

test('a client with the token sees the token again, and that it administers the upload (Plik §3.3)', async () => {
  const { id, uploadToken } = await createUpload(app)

  const seen = await jsonOf(fetch(`${app.url}/upload/${id}`, { headers: { 'X-UploadToken': uploadToken } }))
  const wrong = await jsonOf(
    fetch(`${app.url}/upload/${id}`, { headers: { 'X-UploadToken': uploadToken.toLowerCase() } }),
  )

  expect(seen).toMatchObject({ admin: true, uploadToken })
  expect(wrong).toMatchObject({ admin: false })
  expect(wrong).not.toHaveProperty('uploadToken')
})

test('files are listed in the order in which they came, whatever their status (Plik §1.5)', async () => {
  const upload = await createUpload(app, { files: [{ fileName: 'z' }, { fileName: 'y' }] })
  await addFile(app, upload, 'hi', 'a')
  await remove(`${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/z`, upload.uploadToken)

  const { files } = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${upload.id}`))

  expect(files?.map(({ fileName, status }) => [fileName, status])).toEqual([
    ['z', 'deleted'],
    ['y', 'missing'],
    ['a', 'uploaded'],
  ])
})

test('ids that are unknown, odd or hostile are not found, never a 500 (P14, P16)', async () => {
  const ids = ['unknown', 'aaaaaaaaaaaaaaaa', '%00', 'a%0Ab', "'%20or%201=1--", '..%2F..%2Fetc', '%E4%B8%AD']

  const answers = await Promise.all(ids.map((id) => answerOf(fetch(`${app.url}/upload/${id}`))))

  expect(answers).toEqual(ids.map((id) => [404, `upload ${decodeURIComponent(id)} not found\n`]))
})

test.for([
  ['removable', { removable: true }, undefined],
  ['with its token', {}, 'token'],
])(
  'an upload can be removed when it is %s: "ok", then nothing of it is found (Plik §1.5)',
  async ([, options, token]) => {
    const app = await makeApp()
    const { upload, url } = await givenFile(app, options as object)
    const path = `${app.url}/upload/${upload.id}`

    const answer = await answerOf(remove(path, token && upload.uploadToken))

    expect(answer).toEqual([200, 'ok'])
    const gone: [number, string] = [404, `upload ${upload.id} not found\n`]
    expect(await answerOf(fetch(path))).toEqual(gone)
    expect(await answerOf(fetch(url))).toEqual(gone)
    expect(await answerOf(remove(url, upload.uploadToken))).toEqual(gone)
    expect(await answerOf(addFile(app, upload, 'more'))).toEqual(gone)
    expect(await answerOf(remove(path, upload.uploadToken))).toEqual(gone)
    await waitFor(async () => expect(await blobs(app)).toEqual([]))
  },
)

test('other clients can’t remove an upload or its files (Plik §2.2)', async () => {
  const { upload, url } = await givenFile(app)
  const other = await createUpload(app)

  const fromUpload: [number, string] = [403, 'you are not allowed to remove this upload\n']
  const fromFiles: [number, string] = [403, 'you are not allowed to remove files from this upload\n']
  expect(await answerOf(remove(`${app.url}/upload/${upload.id}`))).toEqual(fromUpload)
  expect(await answerOf(remove(`${app.url}/upload/${upload.id}`, other.uploadToken))).toEqual(fromUpload)
  expect(await answerOf(remove(url))).toEqual(fromFiles)
  expect(await answerOf(remove(url, other.uploadToken))).toEqual(fromFiles)
  expect(await answerOf(fetch(url))).toEqual([200, 'hello'])
})

test.for([
  ['removable', { removable: true }, undefined],
  ['with the token', {}, 'token'],
])(
  'a file is removed (%s) as often as one likes; its record stays, its bytes go (Plik §1.8)',
  async ([, options, token]) => {
    const app = await makeApp()
    const { upload, file, url } = await givenFile(app, options as object)

    expect(await answerOf(remove(url, token && upload.uploadToken))).toEqual([200, 'ok'])
    expect(await answerOf(remove(url, token && upload.uploadToken))).toEqual([200, 'ok'])

    expect(await answerOf(fetch(url))).toEqual([404, `file file.txt (${file.id}) is not available : deleted\n`])
    expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).toMatchObject({
      files: [{ id: file.id, status: 'deleted' }],
    })
    await waitFor(async () => expect(await blobs(app)).toEqual([]))
  },
)

test('a file that never came can be removed, and another one of the upload stays (Plik §1.8)', async () => {
  const upload = await createUpload(app, { files: [{ fileName: 'a' }, { fileName: 'b' }] })

  const answer = await answerOf(remove(`${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/a`, upload.uploadToken))

  expect(answer).toEqual([200, 'ok'])
  const seen = await jsonOf(fetch(`${app.url}/upload/${upload.id}`))
  expect(seen).toMatchObject({ files: [{ status: 'deleted' }, { status: 'missing' }] })
})

test('an unknown file, and a file under another name, are not removed', async () => {
  const { upload, file, url } = await givenFile(app, { removable: true })
  const path = `${app.url}/file/${upload.id}`

  expect(await answerOf(remove(`${path}/unknown/file.txt`))).toEqual([404, 'file unknown not found\n'])
  expect(await answerOf(remove(`${path}/%00/file.txt`))).toEqual([404, 'file \0 not found\n'])
  expect(await answerOf(remove(`${path}/${file.id}/other.txt`))).toEqual([400, 'invalid file name\n'])
  expect((await fetch(url)).status).toBe(200)
})

test('DELETE /stream does what DELETE /file does (missing in Plik, §1.2)', async () => {
  const { url } = await givenFile(app, { removable: true })

  expect(await answerOf(remove(url.replace('/file/', '/stream/')))).toEqual([200, 'ok'])
  expect((await fetch(url)).status).toBe(404)
})

test.for([
  ['the file', ({ id }: CreatedUpload, file: string) => `/file/${id}/${file}/a.txt`, 'is not available : deleted'],
  ['the upload', ({ id }: CreatedUpload) => `/upload/${id}`, 'is not available : deleted'],
] as const)(
  'when %s is removed while it comes in, the uploader is told and no byte stays (Plik §3.2)',
  async ([, path, reason]) => {
    const app = await makeApp()
    const upload = await createUpload(app, { files: [{ fileName: 'a.txt' }] })
    const id = upload.files?.[0]?.id ?? ''
    const body = form(filePart('a.txt', 'x'.repeat(8_000_000)))
    const uploader = await openConnection(app)
    const head = [`POST /file/${upload.id}/${id}/a.txt HTTP/1.1`, 'Host: h', `X-UploadToken: ${upload.uploadToken}`]
    const rest = [`Content-Type: ${FORM_TYPE}`, `Content-Length: ${body.length}`, 'Connection: close']
    uploader.send(`${[...head, ...rest].join('\r\n')}\r\n\r\n${body.slice(0, -10)}`)
    await waitFor(async () => expect(await blobs(app)).toHaveLength(1))

    const removal = await answerOf(remove(app.url + path(upload, id), upload.uploadToken))
    uploader.send(body.slice(-10))
    const answer = await uploader.answer()

    expect(removal).toEqual([200, 'ok'])
    expect(answer).toMatchObject({ status: 404, body: expect.stringContaining(reason) })
    await waitFor(async () => expect(await blobs(app)).toEqual([]))
  },
)

test('a DELETE may carry a body, as some clients send one', async () => {
  const { upload, url } = await givenFile(app, { removable: true })
  const headers = { 'Content-Type': 'application/json' }

  expect((await fetch(url, { method: 'DELETE', headers, body: '{}' })).status).toBe(200)
  expect((await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })).status).toBe(200)
})
