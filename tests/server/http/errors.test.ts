import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { openConnection, sendRaw } from '../../helpers/raw-http.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

const app = sharedApp()

/** How a failure looks on the wire (Plik §2.1, design §1, P16). */

const PROBLEM = {
  type: 'about:blank',
  title: 'Not Found',
  status: 404,
  detail: 'upload unknown not found',
  code: 'upload_not_found',
  parameters: { id: 'unknown' },
}

test('an error is its message and a newline, as plain text that is neither sniffed nor cached (Plik §2.1)', async () => {
  const response = await fetch(`${app.url}/upload/unknown`)

  expect(response.status).toBe(404)
  expect(await response.text()).toBe('upload unknown not found\n')
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('cache-control')).toBe('no-store')
})

const JSON_READERS = [
  'application/json',
  'application/json, text/plain, */*',
  'application/problem+json',
  'text/html, application/json;q=0.5',
]

test('a client that accepts JSON gets a problem with the same message (RFC 9457)', async () => {
  const answers = await Promise.all(
    JSON_READERS.map((accept) => fetch(`${app.url}/upload/unknown`, { headers: { Accept: accept } })),
  )

  const type = 'application/problem+json; charset=utf-8'
  expect(answers.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual(
    Array(4).fill([404, type]),
  )
  expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(Array(4).fill(PROBLEM))
})

test('a problem with several fields names each of them', async () => {
  const body = JSON.stringify({ ttl: '12', files: [{ fileName: 1 }] })

  const answer = await fetch(`${app.url}/upload`, { method: 'POST', headers: { Accept: 'application/json' }, body })

  const [number, text] = [
    'Invalid input: expected number, received string',
    'Invalid input: expected string, received number',
  ]
  expect(await answer.json()).toMatchObject({
    detail: `unable to deserialize request body : ttl: ${number}; files.0.filename: ${text}`,
    code: 'fields_invalid',
    parameters: {
      problems: [
        { field: 'ttl', code: 'not_number', parameters: {}, message: number },
        { field: 'files.0.filename', code: 'not_text', parameters: {}, message: text },
      ],
    },
  })
})

test('a client that accepts anything, a page or text gets the text', async () => {
  const accepted = ['*/*', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text/plain']

  const answers = await Promise.all(
    accepted.map((accept) => answerOf(fetch(`${app.url}/upload/unknown`, { headers: { Accept: accept } }))),
  )

  expect(answers).toEqual(Array(3).fill([404, 'upload unknown not found\n']))
})

test('the router’s own 404, a refused body and a password challenge are problems too', async () => {
  const { id } = await createUpload(app, { password: 'x' })
  const headers = { Accept: 'application/json' }

  const route = await fetch(`${app.url}/nothing`, { headers })
  const body = await fetch(`${app.url}/upload`, { method: 'POST', headers, body: '[' })
  const password = await fetch(`${app.url}/upload/${id}`, { headers })

  expect(await route.json()).toMatchObject({ status: 404, detail: '404 page not found', code: 'page_not_found' })
  expect(await body.json()).toMatchObject({
    status: 400,
    detail: expect.stringMatching(/^unable to deserialize/),
    code: 'json_invalid',
  })
  expect(await password.json()).toMatchObject({ status: 401, title: 'Unauthorized', code: 'upload_password_missing' })
  expect(password.headers.get('www-authenticate')).toBe('X-Basic realm="plik", charset="UTF-8"')
})

test('a script from elsewhere can read errors and what they say about trying again', async () => {
  const { headers } = await fetch(`${app.url}/upload/unknown`, { headers: { Origin: 'https://elsewhere.example' } })

  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('access-control-expose-headers')).toContain('Retry-After')
  expect(headers.get('access-control-allow-credentials')).toBe(null)
})

test('a preflight allows our methods and whatever headers are asked for, without credentials', async () => {
  const asked = { 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-uploadtoken' }

  const { headers } = await fetch(`${app.url}/a`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://elsewhere.example', ...asked },
  })

  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('access-control-allow-methods')).toContain('PUT')
  expect(headers.get('access-control-allow-headers')).toContain('x-uploadtoken')
  expect(headers.get('access-control-allow-credentials')).toBe(null)
})

test('a fault of ours says nothing about itself, and the server is not ready (P16)', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { id } = await createUpload(app)
  await db.schema.alterTable('uploads').renameTo('elsewhere').execute()
  const headers = { Accept: 'application/json' }

  const problem = await fetch(`${app.url}/upload/${id}`, { headers })
  const ready = await fetch(`${app.url}/ready`)

  expect(await answerOf(fetch(`${app.url}/upload/${id}`))).toEqual([500, 'internal server error\n'])
  expect(await problem.json()).toMatchObject({ status: 500, detail: 'internal server error', code: 'internal_error' })
  expect(ready.status).toBeGreaterThanOrEqual(500)
  expect(await answerOf(fetch(`${app.url}/health`))).toEqual([200, 'ok\n'])
})

const MALFORMED = [
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['a header without a colon', 'GET /config HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n'],
  ['no Host', 'GET /config HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['two lengths', 'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x'],
  [
    'a length and chunks',
    'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a negative length', 'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n'],
  ['a head of 20 KB', `GET /config HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
] as const

test('what is no HTTP is refused without a word about the inside, and others do not notice (P16)', async () => {
  const answers = await Promise.all(
    MALFORMED.map(async ([what, request]) => {
      const connection = await openConnection(app)
      connection.send(request)
      const { status, body } = await connection.answer()
      return [what, Math.floor(status / 100), /node_modules|\.ts|at \w+ \(/.test(body)]
    }),
  )

  expect(answers).toEqual(MALFORMED.map(([what]) => [what, 4, false]))
  expect(await answerOf(fetch(`${app.url}/health`))).toEqual([200, 'ok\n'])
})

test('a request whose length is wrong is refused and stores nothing', async () => {
  const answer = await sendRaw(app, ['POST /upload HTTP/1.1', 'Host: h', 'Content-Length: 2'], '{"ttl":60}')

  expect(answer.status).toBe(400)
  expect(answer.body).not.toContain('uploadToken')
})

test('errors about a file name it, but no path of the server (P16)', async () => {
  const { file, url } = await givenFile(app, { removable: true }, 'x', 'a.txt')
  await fetch(url, { method: 'DELETE' })

  const [, text] = await answerOf(fetch(url))

  expect(text).toBe(`file a.txt (${file.id}) is not available : deleted\n`)
})
