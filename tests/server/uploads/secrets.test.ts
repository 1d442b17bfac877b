import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { newId, newToken } from '../../../server/lib/ids.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

const app = sharedApp()

/** Ids, tokens and passwords: how they are made, kept and what they open (P1, P2, P14, P15). */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Pearson's chi-squared of the letters against an even spread; 61 degrees of freedom. */
function chiSquared(letters: string): number {
  const expected = letters.length / ALPHABET.length
  const counts = ALPHABET.split('').map((letter) => letters.split(letter).length - 1)
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

test('ids are 16 and tokens 32 letters and digits (Plik §3.1)', async () => {
  const { id, uploadToken, files } = await createUpload(app, { files: [{ fileName: 'a' }] })

  expect(id).toMatch(/^[A-Za-z0-9]{16}$/)
  expect(uploadToken).toMatch(/^[A-Za-z0-9]{32}$/)
  expect(files?.[0]?.id).toMatch(/^[A-Za-z0-9]{16}$/)
})

test('of 2000 ids none repeats, and no letter is favoured, overall or in any place (P1)', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '2000' })
  const files = Array.from({ length: 2000 }, () => ({ fileName: 'a' }))

  const upload = await createUpload(app, { files })
  const ids = upload.files?.map(({ id }) => id) ?? []

  expect(new Set(ids).size).toBe(2000)
  // Chance alone passes 150 once in 10^9 runs; a byte modulo 62 reaches about 270.
  expect(chiSquared(ids.join(''))).toBeLessThan(150)
  const places = Array.from({ length: 16 }, (_, place) => chiSquared(ids.map((id) => id[place]).join('')))
  expect(Math.max(...places)).toBeLessThan(150)
})

test.each([
  ['ids', newId],
  ['tokens', newToken],
])(
  'of 2000 %s as they are made for uploads, requests and sessions, none repeats and no letter is favoured (P1)',
  (_, make) => {
    const made = Array.from({ length: 2000 }, make)

    expect(new Set(made).size).toBe(2000)
    expect(chiSquared(made.join(''))).toBeLessThan(150)
    const places = Array.from(made[0] ?? '', (_letter, place) => chiSquared(made.map((text) => text[place]).join('')))
    expect(Math.max(...places)).toBeLessThan(150)
  },
)

test('the database holds neither the token nor the password, only slow or one-way hashes of them (P15)', async () => {
  const { app, db } = await makeAppWithDatabase()
  const upload = await createUpload(app, { login: 'ann', password: 'geheim-1234' })
  await addFile(app, upload, 'hello')

  const uploads = await db.selectFrom('uploads').selectAll().execute()
  const files = await db.selectFrom('files').selectAll().execute()

  expect(uploads[0]?.tokenHash).toBe(createHash('sha256').update(upload.uploadToken).digest('hex'))
  expect(uploads[0]?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(JSON.stringify([uploads, files])).not.toMatch(new RegExp(`geheim|${upload.uploadToken}`))
})

test('the same password has another hash in every upload, so that equal ones do not show (P15)', async () => {
  const { app, db } = await makeAppWithDatabase()
  await createUpload(app, { password: 'geheim' })
  await createUpload(app, { password: 'geheim' })

  const rows = await db.selectFrom('uploads').select('passwordHash').execute()

  expect(new Set(rows.map(({ passwordHash }) => passwordHash)).size).toBe(2)
})

test('the hash of a token opens nothing', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { id } = await createUpload(app)
  const [row] = await db.selectFrom('uploads').select('tokenHash').execute()

  const seen = await jsonOf(fetch(`${app.url}/upload/${id}`, { headers: { 'X-UploadToken': row?.tokenHash ?? '' } }))

  expect(seen).toMatchObject({ admin: false })
})

test('a token counts in its header only: not in the query, a cookie, a form, or another header (P2)', async () => {
  const { upload, url } = await givenFile(app)
  const { id, uploadToken: token } = upload
  const carriers: [string, Record<string, string>][] = [
    [`?uploadToken=${token}&X-UploadToken=${token}&token=${token}`, {}],
    ['', { Cookie: `uploadToken=${token}; X-UploadToken=${token}; plik-session=${token}` }],
    ['', { Authorization: `Bearer ${token}` }],
    ['', { Authorization: `Basic ${btoa(`plik:${token}`)}` }],
    ['', { 'X-PlikToken': token }],
  ]

  const answers = await Promise.all(
    carriers.flatMap(([query, headers]) => [
      fetch(`${app.url}/upload/${id}${query}`, { method: 'DELETE', headers }),
      fetch(`${url}${query}`, { method: 'DELETE', headers }),
      fetch(`${app.url}/file/${id}${query}`, { method: 'POST', headers }),
    ]),
  )

  expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(403))
  expect((await fetch(url)).status).toBe(200)
})

test('no header turns one method into another (P2)', async () => {
  const { upload, url } = await givenFile(app, { removable: true })
  const headers = { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE', 'X-Method-Override': 'DELETE' }

  await fetch(`${app.url}/upload/${upload.id}?_method=DELETE`, { headers })
  await fetch(`${app.url}/upload/${upload.id}?_method=DELETE`, { method: 'POST', headers })

  expect((await fetch(url)).status).toBe(200)
})

test('removable opens removal, and nothing else, to everybody (P2)', async () => {
  const { upload } = await givenFile(app, { removable: true })

  const seen = await jsonOf(fetch(`${app.url}/upload/${upload.id}`))

  expect(seen).toMatchObject({ admin: false })
  expect(seen).not.toHaveProperty('uploadToken')
  expect((await addFile(app, { ...upload, uploadToken: '' }, 'x')).status).toBe(403)
})

test('metadata is JSON that no browser guesses at, and hides address, hashes and paths (P14)', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { upload } = await givenFile(app, { password: 'geheim' })
  const headers = { 'X-UploadToken': upload.uploadToken }
  const [file] = await db.selectFrom('files').selectAll().execute()

  const response = await fetch(`${app.url}/upload/${upload.id}`, { headers })
  const text = await response.text()

  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(text).not.toMatch(/127\.0\.0\.1|argon2|geheim|uploadIp|login/)
  expect(text).not.toContain(file?.blobKey)
  expect(text).not.toContain(app.dataDir)
})

test('unknown, removed and foreign ids are answered alike (P14)', async () => {
  const { upload, file } = await givenFile(app)
  const other = await givenFile(app)
  const removed = await createUpload(app, { removable: true })
  await fetch(`${app.url}/upload/${removed.id}`, { method: 'DELETE' })
  const textOf = async (path: string, id: string) => {
    const [status, text] = await answerOf(fetch(app.url + path))
    return [status, text.replace(id, 'ID')]
  }

  expect(await textOf(`/upload/${removed.id}`, removed.id)).toEqual(await textOf('/upload/unknown', 'unknown'))
  expect(await textOf(`/file/${upload.id}/${other.file.id}/file.txt`, other.file.id)).toEqual(
    await textOf(`/file/${upload.id}/aaaaaaaaaaaaaaaa/file.txt`, 'aaaaaaaaaaaaaaaa'),
  )
  expect((await jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${upload.id}`))).files).toMatchObject([{ id: file.id }])
})
