import { Encrypter } from 'age-encryption'
import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload, fileForm, givenFile } from '../../../helpers/client.ts'
import { sharedApp, type TestApp } from '../../../helpers/make-app.ts'
import { waitUntil } from '../../../helpers/wait.ts'
import { phonePhoto } from '../../images/given.ts'

const app = sharedApp()

/** Files that only the sender can read (Plik 1.4, `e2ee`). */

const REFUSAL = 'this upload takes only files that are encrypted with age\n'

async function encrypted(content: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const encrypter = new Encrypter()
  encrypter.setScryptWorkFactor(1) // the tests' passphrase need not be safe
  encrypter.setPassphrase('correct horse')
  return Uint8Array.from(await encrypter.encrypt(content))
}

async function storedType(app: TestApp, { id }: CreatedUpload): Promise<unknown> {
  const { files } = await jsonOf<{ files: { fileType: string }[] }>(fetch(`${app.url}/upload/${id}`))
  return files[0]?.fileType
}

test('an encrypted upload is marked as such, and returns the ciphertext byte for byte', async () => {
  const ciphertext = await encrypted('the plan')

  const { upload, url } = await givenFile(app, { e2ee: 'age' }, ciphertext, 'plan.txt.age')

  expect(upload).toMatchObject({ e2ee: 'age' })
  expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).toMatchObject({ e2ee: 'age' })
  expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(ciphertext)
  expect(await storedType(app, upload)).toBe('application/octet-stream')
})

test('an upload that is not encrypted does not mention it', async () => {
  expect(await createUpload(app)).not.toHaveProperty('e2ee')
  expect(await createUpload(app, { e2ee: '' })).not.toHaveProperty('e2ee')
})

test('plaintext never gets into an encrypted upload, by whatever route', async () => {
  const upload = await createUpload(app, { e2ee: 'age', files: [{ fileName: 'a.txt' }] })
  const slot = `${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/a.txt`
  const headers = { 'X-UploadToken': upload.uploadToken }

  expect(await answerOf(addFile(app, upload, 'plain text that is long enough to be looked at'))).toEqual([400, REFUSAL])
  expect(await answerOf(addFile(app, upload, 'age-encryption.org/v1\nno recipient'))).toEqual([400, REFUSAL])
  expect(await answerOf(addFile(app, upload, ''))).toEqual([400, REFUSAL])
  const fill = fetch(slot, { method: 'POST', headers, body: fileForm('plain', 'a.txt') })
  expect(await answerOf(fill)).toEqual([400, REFUSAL])
  expect(await answerOf(fetch(`${app.url}/a.txt?e2ee=age`, { method: 'PUT', body: 'plain' }))).toEqual([400, REFUSAL])
  expect(await (await fetch(`${app.url}/archive/${upload.id}/all.zip`)).text()).toBe('nothing to archive\n')
})

test('armored ciphertext is taken, too', async () => {
  const armored = '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n'

  const { url } = await givenFile(app, { e2ee: 'age' }, armored, 'plan.age')

  expect(await (await fetch(url)).text()).toBe(armored)
})

test('any other way of encrypting is refused at creation', async () => {
  const answer = fetch(`${app.url}/upload`, { method: 'POST', body: '{"e2ee":"pgp"}' })

  expect(await answerOf(answer)).toEqual([400, 'unable to create upload : unknown encryption pgp, allowed is age\n'])
})

test('plaintext is not relayed to the reader of an encrypted stream', async () => {
  const upload = await createUpload(app, { e2ee: 'age', stream: true, files: [{ fileName: 'a.age' }] })
  const path = `${upload.id}/${upload.files?.[0]?.id}/a.age`
  const headers = { 'X-UploadToken': upload.uploadToken }

  const answer = fetch(`${app.url}/stream/${path}`, { method: 'POST', headers, body: fileForm('plain', 'a.age') })

  expect(await answerOf(answer)).toEqual([400, REFUSAL])
  expect((await fetch(`${app.url}/file/${path}`)).status).toBe(404)
})

test('the ciphertext of an encrypted stream passes as it is', async () => {
  const ciphertext = await encrypted('the plan')
  const upload = await createUpload(app, { e2ee: 'age', stream: true, files: [{ fileName: 'a.age' }] })
  const path = `${upload.id}/${upload.files?.[0]?.id}/a.age`
  const headers = { 'X-UploadToken': upload.uploadToken }

  const sent = fetch(`${app.url}/stream/${path}`, { method: 'POST', headers, body: fileForm(ciphertext, 'a.age') })
  const reader = await waitUntil(async () => {
    const response = await fetch(`${app.url}/file/${path}`)
    return response.ok && response
  })

  expect(new Uint8Array(await reader.arrayBuffer())).toEqual(ciphertext)
  expect((await sent).status).toBe(200)
})

test('a form says that it is encrypted before its files, or not at all', async () => {
  const ciphertext = await encrypted('the plan')
  const before = new FormData()
  before.append('e2ee', 'age')
  before.append('file', new Blob([ciphertext]), 'a.age')
  const after = fileForm(ciphertext, 'a.age')
  after.append('e2ee', 'age')

  expect((await fetch(app.url, { method: 'POST', body: before })).status).toBe(200)
  expect(await answerOf(fetch(app.url, { method: 'POST', body: after }))).toEqual([
    400,
    'e2ee must come before the files of the form\n',
  ])
})

test('an image in an encrypted upload is refused rather than normalised', async () => {
  const upload = await createUpload(app, { e2ee: 'age', normalize: true })

  expect(await answerOf(addFile(app, upload, await phonePhoto(), 'photo.jpg'))).toEqual([400, REFUSAL])
})
