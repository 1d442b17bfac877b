import { describe, expect, test } from 'vitest'
import { newId } from '../../../server/lib/ids.ts'
import { createUploadsRepo } from '../../../server/uploads/uploads-repo.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { waitFor } from '../../helpers/wait.ts'
import { givenGuest, heldBody } from '../file-requests/given.ts'
import { createResumable, patch } from '../resumable/tus-requests.ts'

/** Uploads that take longer than their time to live: it starts when the first file is whole. */

const TTL = 5
const BOUNDARY = 'b'
const FORM = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
const part = (name: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`

/** A request with a body of which the rest comes when `finish` is called. */
function held(url: string, method: string, start: string, headers: Record<string, string>) {
  const { body, finish } = heldBody(start)
  const answer = fetch(url, { method, body, headers, duplex: 'half' } as RequestInit)
  answer.catch(() => {}) // looked at below
  return { answer, finish }
}

const linkIn = async (answer: Promise<Response>): Promise<string> => {
  const given = await answer
  const text = await given.text()
  expect([given.status, text]).toEqual([200, expect.stringContaining('http://')])
  return text.trim().split('\n').at(-1) as string
}

function finishWith({ answer, finish }: ReturnType<typeof held>, rest: string): Promise<string> {
  finish(rest)
  return linkIn(answer)
}

async function finishTus(url: string, link: string): Promise<string> {
  expect((await patch(url, 3, 'lo')).status).toBe(204)
  return link
}

interface Sending {
  /** The rest of the bytes; resolves with the link in the response. */
  finish: () => Promise<string>
}

const fileLink = (app: TestApp, id: string, file: { id: string; fileName: string }): string =>
  `${app.url}/file/${id}/${file.id}/${file.fileName}`

async function fileForm(app: TestApp, { id, uploadToken }: CreatedUpload, path: string): Promise<Sending> {
  const sending = held(`${app.url}${path}`, 'POST', `${part('a.txt')}hel`, { ...FORM, 'X-UploadToken': uploadToken })
  await waitFor(async () => {
    const { files } = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${id}`))
    expect(files?.[0]?.status).toBe('uploading')
  })
  return {
    finish: async () => {
      sending.finish(`lo\r\n--${BOUNDARY}--\r\n`)
      return fileLink(app, id, await jsonOf<{ id: string; fileName: string }>(sending.answer))
    },
  }
}

const ROUTES: Record<string, (app: TestApp) => Promise<Sending>> = {
  'PUT /': async (app) => {
    const sending = held(`${app.url}/a.txt?ttl=${TTL}`, 'PUT', 'hel', {})
    return { finish: () => finishWith(sending, 'lo') }
  },
  'PUT / by curl, which can be resumed': async (app) => {
    const headers = { 'User-Agent': 'curl/8.5.0' }
    const sending = held(`${app.url}/a.txt?ttl=${TTL}`, 'PUT', 'hel', headers)
    return { finish: () => finishWith(sending, 'lo') }
  },
  'a form of two files': async (app) => {
    const sending = held(`${app.url}/?ttl=${TTL}`, 'POST', `${part('b.txt')}b\r\n${part('a.txt')}hel`, FORM)
    return { finish: () => finishWith(sending, `lo\r\n--${BOUNDARY}--\r\n`) }
  },
  'POST /upload, then POST /file': async (app) => {
    const upload = await createUpload(app, { ttl: TTL })
    return fileForm(app, upload, `/file/${upload.id}`)
  },
  'POST /upload with a declared file': async (app) => {
    const upload = await createUpload(app, { ttl: TTL, files: [{ fileName: 'a.txt' }] })
    return fileForm(app, upload, `/file/${upload.id}/${upload.files?.[0]?.id}/a.txt`)
  },
  tus: async (app) => {
    const { url, link } = await createResumable(app, 5, { ttl: `${TTL}` })
    await patch(url, 0, 'hel')
    return { finish: () => finishTus(url, link) }
  },
  'tus into an upload that exists': async (app) => {
    const { id, uploadToken } = await createUpload(app, { ttl: TTL })
    const { url, link } = await createResumable(app, 5, { uploadId: id, uploadToken })
    await patch(url, 0, 'hel')
    return { finish: () => finishTus(url, link) }
  },
  'the IETF draft': async (app) => {
    const headers = { 'Upload-Complete': '?0', 'Upload-Length': '5' }
    const created = await fetch(`${app.url}/tus?ttl=${TTL}`, { method: 'POST', headers, body: 'hel' })
    const url = app.url + new URL(created.headers.get('location') ?? '', app.url).pathname
    const rest = { 'Upload-Complete': '?1', 'Upload-Offset': '3' }
    return { finish: () => linkIn(fetch(url, { method: 'PATCH', headers: rest, body: 'lo' })) }
  },
}

describe('an upload that takes longer than its time to live', () => {
  test.each(Object.entries(ROUTES))('by %s is there when it is whole, for its time', async (_route, begin) => {
    const app = await makeApp({ DEFAULT_TTL: `${TTL}` })
    await app.storeOwnership.assertOwned() // as at a start: the purge meets a blob without a row
    const { finish } = await begin(app)

    app.advance(50_000)
    await app.maintenance.purge()
    const link = await finish()

    const atHome = link.replace(/^http:\/\/[^/]+/, app.url)
    expect(await (await fetch(atHome)).text()).toBe('hello')
    app.advance(TTL * 1000 - 1)
    expect((await fetch(atHome)).status).toBe(200)
    app.advance(1)
    expect((await fetch(atHome)).status).toBe(404)
  })

  test('by a file request is there when it is whole, for its time', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app, {}, { ttl: TTL })
    const body = heldBody('hel')
    const answer = guest.put('a.txt', body.body)
    await waitFor(async () => expect((await uploadJson(app, upload)).files?.[0]?.status).toBe('uploading'))

    app.advance(50_000)
    await app.maintenance.purge()
    body.finish('lo')

    expect((await answer).status).toBe(200)
    const { files, expireAt } = await uploadJson(app, upload)
    expect(files).toMatchObject([{ status: 'uploaded' }])
    app.advance(TTL * 1000)
    expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(404)
    expect(expireAt).toBeDefined()
  })

  test('is told so when it is a further file, which the time does not wait for', async () => {
    const app = await makeApp()
    const upload = await createUpload(app, { ttl: TTL })
    await addFile(app, upload, 'first', 'b.txt')
    const headers = { ...FORM, 'X-UploadToken': upload.uploadToken }
    const sending = held(`${app.url}/file/${upload.id}`, 'POST', `${part('a.txt')}hel`, headers)
    await waitFor(async () => expect((await uploadJson(app, upload)).files).toHaveLength(2))

    app.advance(TTL * 1000)
    sending.finish(`lo\r\n--${BOUNDARY}--\r\n`)

    expect((await sending.answer).status).toBe(404)
  })

  test('as a stream waits for its reader', async () => {
    const app = await makeApp()
    const upload = await createUpload(app, { ttl: TTL, stream: true, files: [{ fileName: 'a.txt' }] })
    const path = `/stream/${upload.id}/${upload.files?.[0]?.id}/a.txt`
    const sending = held(`${app.url}${path}`, 'POST', `${part('a.txt')}hel`, {
      ...FORM,
      'X-UploadToken': upload.uploadToken,
    })
    await waitFor(async () => expect((await uploadJson(app, upload)).files?.[0]?.status).toBe('uploading'))

    app.advance(50_000)
    await app.maintenance.purge()
    const received = fetch(app.url + path).then((answer) => answer.text())
    sending.finish(`lo\r\n--${BOUNDARY}--\r\n`)

    expect(await received).toBe('hello')
    expect((await sending.answer).status).toBe(200)
  })
})

test('an upload that receives no data ends when its time has passed since its creation, or its sender has disconnected', async () => {
  const app = await makeApp()
  const empty = await createUpload(app, { ttl: TTL })
  const { url } = await createResumable(app, 5, { ttl: `${TTL}` })
  await patch(url, 0, 'hel')

  app.advance(TTL * 1000)
  expect((await fetch(`${app.url}/upload/${empty.id}`)).status).toBe(404)

  app.advance(400 * 86_400_000)
  await app.maintenance.purge()
  expect((await patch(url, 3, 'lo')).status).toBe(404)
})

const uploadJson = (app: TestApp, { id }: Pick<CreatedUpload, 'id'>) =>
  jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${id}`))

test('files that are gone by now have no lease to renew, and are no error', async () => {
  const { db, prepare } = await makeAppWithDatabase()
  const repo = createUploadsRepo({ db, prepare, transact: (work) => db.transaction().execute(work) })

  expect(await repo.renewLeases([newId()], Date.now())).toEqual([])
})
