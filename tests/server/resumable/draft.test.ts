import { once } from 'node:events'
import { type InformationEvent, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { givenGuest } from '../file-requests/given.ts'
import { createResumable, patch as tusPatch } from './tus-requests.ts'

const app = sharedApp()

/** The IETF's draft, and partial PUT, request by request. */

type Headers = Record<string, string>

const PARTIAL = { 'Content-Type': 'application/partial-upload' }

const send = (url: string, method: string, headers: Headers, body?: string): Promise<Response> =>
  fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })

const patch = (url: string, offset: number, isComplete: boolean, body: string, headers: Headers = {}) =>
  send(
    url,
    'PATCH',
    { ...PARTIAL, 'Upload-Offset': `${offset}`, 'Upload-Complete': isComplete ? '?1' : '?0', ...headers },
    body,
  )

async function create(app: TestApp, headers: Headers = {}, body = ''): Promise<string> {
  const all = { 'Upload-Complete': '?0', 'Content-Disposition': 'inline; filename="a b.txt"', ...headers }
  const response = await send(`${app.url}/tus`, 'POST', all, body)
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return new URL(response.headers.get('location') ?? '', response.url).href
}

const stateOf = async (url: string) => {
  const { status, headers } = await fetch(url, { method: 'HEAD' })
  return [status, headers.get('upload-offset'), headers.get('upload-complete'), headers.get('upload-length')]
}

describe('an upload that says when it is complete', () => {
  test('goes from piece to piece, and the last one is answered with the link', async () => {
    const url = await create(app, {}, 'hello')
    expect(await stateOf(url)).toEqual([204, '5', '?0', null])

    const middle = await patch(url, 5, false, ' wor')
    expect([middle.status, middle.headers.get('upload-complete'), middle.headers.get('upload-offset')]).toEqual([
      204,
      '?0',
      '9',
    ])
    const last = await patch(url, 9, true, 'ld')

    expect([last.status, last.headers.get('upload-complete')]).toEqual([200, '?1'])
    const link = (await last.text()).trim()
    expect(link).toMatch(/\/a%20b\.txt$/)
    expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
    expect(await stateOf(url)).toEqual([204, '11', '?1', '11'])
  })

  test('may end with an empty piece', async () => {
    const url = await create(app, {}, 'hello')

    const [status, link] = await answerOf(patch(url, 5, true, ''))

    expect(status).toBe(200)
    expect(await answerOf(fetch(link.trim()))).toEqual([200, 'hello'])
  })

  test('returns the upload token if an upload was created for it, and no empty one', async () => {
    const { request } = await givenGuest(app)
    const headers = { 'Upload-Complete': '?0' }

    const own = await send(`${app.url}/tus`, 'POST', headers)
    const guests = await send(`${app.url}/tus`, 'POST', { ...headers, 'X-RequestToken': request.requestToken })

    expect(own.headers.get('x-uploadtoken')).toMatch(/^\w{32}$/)
    expect([guests.status, guests.headers.get('x-uploadtoken')]).toEqual([201, null])
  })

  test('in one piece is answered with the link at once', async () => {
    const response = await send(`${app.url}/tus`, 'POST', { 'Upload-Complete': '?1' }, 'hello')

    expect([response.status, response.headers.get('upload-complete')]).toEqual([200, '?1'])
    expect(await answerOf(fetch((await response.text()).trim()))).toEqual([200, 'hello'])
  })

  test('keeps to the length that it announced', async () => {
    const url = await create(app, { 'Upload-Length': '11' }, 'hello')

    expect((await patch(url, 5, true, ' you')).status).toBe(409)
    expect((await patch(url, 5, false, ' you', { 'Upload-Length': '9' })).status).toBe(409)
    expect(await stateOf(url)).toEqual([204, '5', '?0', '11'])
    expect((await patch(url, 5, true, ' world')).status).toBe(200)
  })

  test('gets the offset in the error for a wrong one', async () => {
    const url = await create(app, {}, 'hello')

    const refused = await patch(url, 3, false, 'lo world')

    expect([refused.status, refused.headers.get('upload-offset')]).toEqual([409, '5'])
  })

  test('is cancelled by DELETE', async () => {
    const url = await create(app, {}, 'hello')

    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)

    expect((await fetch(url, { method: 'HEAD' })).status).toBe(404)
  })

  test('learns of limits', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '1kB', RESUME_WINDOW: '1h' })
    const url = await create(app)

    const { headers } = await fetch(url, { method: 'HEAD' })
    const options = await fetch(`${app.url}/tus`, { method: 'OPTIONS' })

    expect(headers.get('upload-limit')).toMatch(/^max-size=1000, max-age=3\d\d\d$/)
    expect(options.headers.get('accept-patch')).toBe('application/partial-upload')
  })

  test('without Upload-Complete gets an error that names it', async () => {
    expect(await answerOf(send(`${app.url}/tus`, 'POST', {}, 'hello'))).toEqual([
      400,
      'expected Tus-Resumable, or Upload-Complete with ?0 or ?1\n',
    ])
  })
})

test.each([
  ['POST', '/tus'],
  ['PUT', '/name.txt'],
])('104 names the resource while the client still sends (%s %s)', async (method, path) => {
  const headers = {
    Expect: '100-continue',
    'Upload-Complete': '?1',
    'Content-Length': 5,
    'Upload-Draft-Interop-Version': '8',
  }
  const outgoing = request(`${app.url}${path}`, { method, headers })
  const interim: InformationEvent[] = []
  outgoing.on('information', (response) => interim.push(response))
  outgoing.flushHeaders()

  await expect.poll(() => interim.map(({ statusCode }) => statusCode)).toEqual([100, 104])
  const { headers: announced } = interim[1] as InformationEvent
  expect(announced['upload-draft-interop-version']).toBe('8')
  const url = new URL(announced.location ?? '', `${app.url}${path}`).href
  outgoing.end('hello')
  const [response] = await once(outgoing, 'response')
  expect(response.statusCode).toBe(200)
  response.resume()
  expect(await stateOf(url)).toEqual([204, '5', '?1', '5'])
})

test.each([
  ['POST', '/tus'],
  ['PUT', '/name.txt'],
])(
  'without `Expect: 100-continue` there is no 104, and the answer names the resource (%s %s)',
  async (method, path) => {
    const outgoing = request(`${app.url}${path}`, { method, headers: { 'Upload-Complete': '?1' } })
    outgoing.once('information', () => expect.fail('a 1xx was sent'))
    outgoing.end('hello')

    const [response] = await once(outgoing, 'response')

    expect(response.statusCode).toBe(200)
    response.resume()
    expect(await stateOf(new URL(response.headers.location, `${app.url}${path}`).href)).toEqual([204, '5', '?1', '5'])
  },
)

test('a PUT of pieces is created, and continues at its resource', async () => {
  const created = await send(`${app.url}/a.txt?ttl=1h`, 'PUT', { 'Upload-Complete': '?0' }, 'hello')

  expect([created.status, created.headers.get('upload-complete')]).toEqual([201, '?0'])
  const url = new URL(created.headers.get('location') ?? '', created.url).href
  const [, link] = await answerOf(patch(url, 5, true, ' world'))
  expect(await answerOf(fetch(link.trim()))).toEqual([200, 'hello world'])
})

describe('a PUT with Content-Range', () => {
  test('sends the rest', async () => {
    const url = await create(app, { 'Upload-Length': '11' }, 'hello')

    const [status, link] = await answerOf(send(url, 'PUT', { 'Content-Range': 'bytes 5-10/11' }, ' world'))

    expect(status).toBe(200)
    expect(await answerOf(fetch(link.trim()))).toEqual([200, 'hello world'])
  })

  test('of nothing received yet may be the whole, without the header', async () => {
    const url = await create(app)

    expect((await send(url, 'PUT', {}, 'hello')).status).toBe(200)
    expect((await send(url, 'PUT', {}, 'HELLO')).status).toBe(409)
  })

  test.each(['bytes 5-9/11', 'bytes 9-5/11', 'bytes */11', 'lines 5-10/11', 'bytes 5-10/5'])(
    'that does not go to the end is refused: %s',
    async (range) => {
      const url = await create(app, { 'Upload-Length': '11' }, 'hello')

      expect((await answerOf(send(url, 'PUT', { 'Content-Range': range }, ' world')))[1]).toContain(
        'invalid Content-Range',
      )

      expect(await stateOf(url)).toEqual([204, '5', '?0', '11'])
    },
  )

  test('at another offset than it has come to is refused, and told the right one', async () => {
    const url = await create(app, { 'Upload-Length': '11' }, 'hello')

    const refused = await send(url, 'PUT', { 'Content-Range': 'bytes 6-10/11' }, 'world')

    expect([refused.status, refused.headers.get('upload-offset')]).toEqual([409, '5'])
  })
})

test('one file goes from tus to the draft to a PUT', async () => {
  const { url, link } = await createResumable(app, 11)

  expect((await tusPatch(url, 0, 'hel')).status).toBe(204)
  expect((await patch(url, 3, false, 'lo w')).status).toBe(204)
  expect((await send(url, 'PUT', { 'Content-Range': 'bytes 7-10/11' }, 'orld')).status).toBe(200)

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})
