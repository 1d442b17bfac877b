import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { createUpload, fileForm } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form, part } from '../../helpers/form.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { addImage, download, givenImageFile, phonePhoto } from './given.ts'

const put = async (app: TestApp, path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  download((await answerOf(fetch(`${app.url}${path}`, { method: 'PUT', body, headers })))[1].trim())

function formWith(photo: Uint8Array<ArrayBuffer>, fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([photo]), 'photo.jpg')
  return form
}

test('an image is kept byte for byte when the upload says so', async () => {
  const app = await makeApp()
  const photo = await phonePhoto(6)

  const { upload, file, url } = await givenImageFile(app, photo, 'photo.jpg', { normalize: false })

  expect(await download(url)).toEqual(Buffer.from(photo))
  expect(file).not.toHaveProperty('image')
  expect(upload.normalize).toBe(false)
  expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).toMatchObject({ normalize: false })
})

test('an upload that normalises, as all do, does not say so', async () => {
  const app = await makeApp()

  expect(await createUpload(app)).not.toHaveProperty('normalize')
  expect(await createUpload(app, { normalize: true })).not.toHaveProperty('normalize')
})

test('a quick upload is told so in the query, in a header or in a form', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const original = Buffer.from(photo)

  expect(await put(app, '/photo.jpg?normalize=false', photo)).toEqual(original)
  expect(await put(app, '/photo.jpg', photo, { 'X-Mayfly-Normalize': 'off' })).toEqual(original)
  const sent = fetch(app.url, { method: 'POST', body: formWith(photo, { normalize: '0' }) })
  expect(await download((await answerOf(sent))[1].trim())).toEqual(original)
  expect(await put(app, '/photo.jpg?normalize=true', photo)).not.toEqual(original)
})

test('every file of a form is kept as it is', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const body = formWith(photo, { normalize: 'false' })
  body.append('file', new Blob([photo]), 'second.jpg')
  const headers = { Accept: 'application/json' }

  const { links, normalize } = await jsonOf<{ links: string[]; normalize: boolean }>(
    fetch(app.url, { method: 'POST', body, headers }),
  )

  expect(normalize).toBe(false)
  expect(await download(app.url + links[0])).toEqual(Buffer.from(photo))
  expect(await download(app.url + links[1])).toEqual(Buffer.from(photo))
})

test('a form that says so too late is refused, and nothing of it stays', async () => {
  const app = await makeApp()
  const late = form(filePart('a.txt', 'a'), part('name="normalize"', 'false'))
  const headers = { 'Content-Type': FORM_TYPE }

  expect(await answerOf(fetch(app.url, { method: 'POST', body: late, headers }))).toEqual([
    400,
    'normalize must come before the files of the form\n',
  ])
})

test('anything but true or false is refused', async () => {
  const app = await makeApp()

  const quick = fetch(`${app.url}/a.jpg?normalize=maybe`, { method: 'PUT', body: 'a' })
  expect(await answerOf(quick)).toEqual([400, 'invalid normalize, expected true or false\n'])
  const json = fetch(`${app.url}/upload`, { method: 'POST', body: '{"normalize":"no"}' })
  expect((await json).status).toBe(400)
})

test('the server’s admin may switch it off for all', async () => {
  const app = await makeApp({ IMAGES: 'off' })
  const photo = await phonePhoto()
  const upload = await createUpload(app)

  const { file, url } = await addImage(app, upload, photo)

  expect(await download(url)).toEqual(Buffer.from(photo))
  expect(file).not.toHaveProperty('image')
  expect(await answerOf(fetch(`${url}?width=64`))).toEqual([400, 'derived images are disabled\n'])
})

test('what is no image takes the option without harm', async () => {
  const app = await makeApp()

  const sent = fetch(`${app.url}/?normalize=false`, { method: 'POST', body: fileForm('hello') })

  expect((await download((await answerOf(sent))[1].trim())).toString()).toBe('hello')
})
