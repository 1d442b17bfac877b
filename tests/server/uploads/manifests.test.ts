import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

type Server = { url: string }

const tagOf = (manifest: string): string => `"${createHash('sha256').update(manifest).digest('hex')}"`

const read = async (app: Server, { id }: CreatedUpload): Promise<unknown> =>
  ((await (await fetch(`${app.url}/upload/${id}`)).json()) as { manifest?: string }).manifest

async function replace(
  app: Server,
  { id, uploadToken }: CreatedUpload,
  manifest: string,
  headers: Record<string, string>,
): Promise<string> {
  const answer = await fetch(`${app.url}/upload/${id}/manifest`, {
    method: 'PUT',
    headers: { 'X-UploadToken': uploadToken, ...headers },
    body: manifest,
  })
  return `${answer.status} ${(await answer.text()).trim()}`
}

test('a manifest is stored unchanged, for everyone who may see the upload', async () => {
  const app = await makeApp()

  const upload = await createUpload(app, { e2ee: 'age', manifest: 'first_-1' })

  expect(upload.manifest).toBe('first_-1')
  expect(await read(app, upload)).toBe('first_-1')
  expect(await read(app, await createUpload(app, { e2ee: 'age' }))).toBeUndefined()
})

test('of two clients that replace the same manifest, one gets a conflict', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { e2ee: 'age', manifest: 'first' })
  const headers = { 'If-Match': tagOf('first') }

  const answers = await Promise.all([replace(app, upload, 'one', headers), replace(app, upload, 'other', headers)])

  expect(answers.sort()).toEqual(['200 ok', '412 the manifest has been changed meanwhile'])
  expect(['one', 'other']).toContain(await read(app, upload))
})

test('only an admin of the upload can replace its manifest', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { e2ee: 'age', removable: true, manifest: 'first' })

  const answer = await replace(app, upload, 'other', { 'If-Match': tagOf('first'), 'X-UploadToken': 'another' })

  expect(answer).toBe('403 you are not allowed to change this upload')
  expect(await read(app, upload)).toBe('first')
})

test('a manifest that was never there, or is another one, is not replaced', async () => {
  const app = await makeApp()
  const without = await createUpload(app, { e2ee: 'age' })
  const upload = await createUpload(app, { e2ee: 'age', manifest: 'first' })

  expect(await replace(app, without, 'next', { 'If-Match': tagOf('') })).toMatch(/^412 /)
  expect(await replace(app, upload, 'next', { 'If-Match': tagOf('older') })).toMatch(/^412 /)
  expect(await replace(app, upload, 'next', {})).toBe('400 missing If-Match header')
})

test('what can’t be a manifest is refused: other characters, too many of them, and any where nothing is encrypted', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '2' })
  const limit = 1024 + 2 * 128
  const upload = await createUpload(app, { e2ee: 'age', manifest: 'a'.repeat(limit) })
  const headers = { 'If-Match': tagOf('a'.repeat(limit)) }

  expect(await replace(app, upload, 'a'.repeat(limit + 1), headers)).toBe(
    `400 manifest is too long, maximum length is ${limit} bytes`,
  )
  expect(await replace(app, upload, '{"files":[]}', headers)).toBe('400 manifest must be base64url')
  expect(await replace(app, upload, '', headers)).toBe('400 manifest must be base64url')
  await expect(createUpload(app, { manifest: 'first' })).rejects.toThrow(
    'unable to create upload : a manifest belongs to an encrypted upload',
  )
})
