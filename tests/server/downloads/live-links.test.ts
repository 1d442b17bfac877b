import { expect, onTestFinished, test, vi } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { addFile, createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { waitFor } from '../../helpers/wait.ts'
import { createResumable, patch } from '../resumable/tus-requests.ts'

/** Links that are shared before the file is available. */

const isPending = async (promise: Promise<unknown>): Promise<boolean> =>
  (await Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve('pending')))])) === 'pending'

test('a link that waits is answered once the file is there, and one that does not at once', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 11)
  await patch(url, 0, 'hello ')

  const waiting = fetch(`${link}?wait=1`)
  expect((await fetch(link)).status).toBe(404)
  expect(await isPending(waiting)).toBe(true)
  await patch(url, 6, 'world')

  expect(await answerOf(waiting)).toEqual([200, 'hello world'])
})

test('a link to a file whose upload has not started waits, too', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { files: [{ fileName: 'file.txt', reference: '0' }] })
  const link = `${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/file.txt`
  const waiting = fetch(`${link}?wait=1`)

  const { status } = await fetch(link, { method: 'HEAD' })
  const form = new FormData()
  form.append('file', new Blob(['hello']), 'file.txt')
  await fetch(link, { method: 'POST', body: form, headers: { 'X-UploadToken': upload.uploadToken } })

  expect(status).toBe(404)
  expect(await answerOf(waiting)).toEqual([200, 'hello'])
})

test('waiting for a file that is removed ends with an error', async () => {
  const app = await makeApp()
  const { link, uploadToken } = await createResumable(app, 11)
  const waiting = fetch(`${link}?wait=1`)
  expect(await isPending(waiting)).toBe(true)

  await fetch(link, { method: 'DELETE', headers: { 'X-UploadToken': uploadToken ?? '' } })

  expect((await waiting).status).toBe(404)
})

test('a client that has waited long enough is asked to retry', async () => {
  const app = await makeApp()
  const { link } = await createResumable(app, 11)
  onTestFinished(() => void vi.restoreAllMocks())
  const time = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())

  const response = await fetch(`${link}?wait=1`)

  expect(time).toHaveBeenCalledWith(50_000)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
})

test('waiting gives no right: a password is asked for first, and a one-shot file goes to one', async () => {
  const app = await makeApp()
  const secret = await createResumable(app, 5, { password: 'secret' })
  const { url, link } = await createResumable(app, 5, { oneShot: 'true' })
  const waiting = [1, 2, 3].map(() => fetch(`${link}?wait=1`))

  expect((await fetch(`${secret.link}?wait=1`)).status).toBe(401)
  await patch(url, 0, 'hello')

  const bodies = await Promise.all(waiting.map(async (answer) => answerOf(answer)))
  expect(bodies.filter(([status, text]) => status === 200 && text === 'hello').length).toBe(1)
})

test('a file that is there is not waited for', async () => {
  const app = await makeApp()
  const upload = await createUpload(app)
  const { id } = (await (await addFile(app, upload, 'hello')).json()) as { id: string }

  expect(await answerOf(fetch(`${app.url}/file/${upload.id}/${id}/file.txt?wait=1`))).toEqual([200, 'hello'])
})

test('all clients that wait for a file share one query at a time', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 11)
  const look = vi.spyOn(app.uploads, 'getFile')

  const waiting = Array.from({ length: 20 }, () => fetch(`${link}?wait=1`))
  await waitFor(() => expect(look.mock.calls.length).toBeGreaterThan(20)) // one by each who came, then the shared ones
  await patch(url, 0, 'hello world')
  const texts = await Promise.all(waiting.map(async (answer) => (await answer).text()))

  expect(new Set(texts)).toEqual(new Set(['hello world']))
  expect(look.mock.calls.length).toBeLessThan(60) // each once more at the end
})
