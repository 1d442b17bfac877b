import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { createUpload, givenFile } from '../helpers/client.ts'
import type { TestApp } from '../helpers/make-app.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { makeAppWithDatabase } from '../helpers/stored-rows.ts'

/**
 * Requests that were damaged at random, over raw sockets: never a 5xx, never a file that is not what was sent, nothing left on
 * disk without a row. Ten seconds with a fixed seed; `FUZZ_SECONDS=600 FUZZ_SEED=7 npx vitest run tests/faults/fuzz.test.ts` for more.
 */

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 10)
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_129)
const CONNECTIONS = 8
const ANSWER_TIMEOUT_MS = 15_000
/** What a server may say of itself: a method or a version that it does not know (RFC 9110 §15.6.2, §15.6.6). */
const HARMLESS = [501, 505]
const HOUR_MS = 3_600_000

type Random = () => number

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
function randomNumbers(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit)
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const request = (method: string, path: string, headers: string[], body = ''): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    ...headers,
    ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    'Connection: close',
    '',
    body,
  ].join('\r\n')

const FORM = 'Content-Type: multipart/form-data; boundary=bound'
const form = (name: string, content: string): string =>
  [
    '--bound',
    'Content-Disposition: form-data; name="ttl"',
    '',
    '3600',
    '--bound',
    `Content-Disposition: form-data; name="file"; filename="${name}"; filename*=UTF-8''x%C3%A9.txt`,
    'Content-Type: text/plain',
    '',
    content,
    '--bound--',
    '',
  ].join('\r\n')

/** Sound requests to each route, from which damaged ones are made. */
async function soundRequests(app: TestApp): Promise<string[]> {
  const { upload, file, url } = await givenFile(app, {}, 'a file that others read '.repeat(100))
  const declared = await createUpload(app, { files: [{ fileName: 'x.txt', fileSize: 5 }] })
  const { pathname } = new URL(url)
  const token = `X-UploadToken: ${declared.uploadToken}`
  const creation = JSON.stringify({
    ttl: 60,
    oneShot: true,
    files: [{ fileName: 'a.txt', fileSize: 5, reference: '0' }],
  })
  return [
    request('PUT', '/a.txt?ttl=1h&maxDownloads=3', ['X-Mayfly-Removable: true'], 'the bytes of a file'),
    request('POST', '/', [FORM], form('a.txt', 'the bytes of a file')),
    request('POST', '/', ['Content-Type: multipart/mixed; boundary="bound"'], form('b.txt', '\r\n--boun\r\n--')),
    request('POST', '/upload', ['Content-Type: application/json'], creation),
    request('POST', `/file/${declared.id}`, [token, FORM], form('b.txt', 'more')),
    request('POST', `/file/${declared.id}/${declared.files?.[0]?.id}/x.txt`, [token, FORM], form('x.txt', 'hello')),
    request('PATCH', `/upload/${declared.id}`, [token], '{"ttl":600}'),
    request('GET', `/upload/${upload.id}`, []),
    request('GET', pathname, ['Range: bytes=5-99', 'If-Range: "x"', 'Accept: application/json']),
    request('GET', `${pathname}?width=64&format=webp`, ['Authorization: Basic cGxpazp4']),
    request('HEAD', pathname, ['If-None-Match: "x", W/"y"', 'If-Modified-Since: Sun, 29 Nov 2026 00:00:00 GMT']),
    request('GET', `/archive/${upload.id}/all.zip?file=${file.id}`, ['Range: bytes=-20']),
    request('POST', `/archive/${upload.id}`, [], JSON.stringify({ files: [file.id] })),
    request('POST', '/tus', ['Tus-Resumable: 1.0.0', 'Upload-Length: 10', 'Upload-Metadata: filename eC50eHQ=']),
    request(
      'PATCH',
      '/tus/AAAA',
      ['Tus-Resumable: 1.0.0', 'Upload-Offset: 0', 'Content-Type: application/offset+octet-stream'],
      'xy',
    ),
    request('POST', '/tus', ['Upload-Complete: ?0', 'Upload-Draft-Interop-Version: 8', 'Upload-Length: 4'], 'ab'),
    request('OPTIONS', '/upload', ['Origin: https://example.org', 'Access-Control-Request-Method: POST']),
    request('GET', '/?id=x', ['Accept: text/html', 'Accept-Language: zh', 'Cookie: a=b; mayfly=1']),
    request('GET', '/qrcode?url=x&size=50', []),
    request('POST', '/auth/local/login', [], '{"login":"a","password":"b"}'),
    request('PUT', '/c.txt', ['Transfer-Encoding: chunked', 'Content-Digest: sha-256=:AAAA=:']) +
      '5\r\nhello\r\n0\r\n\r\n',
  ]
}

const NASTY = [
  '\0',
  '\r\n',
  '\n',
  '%00',
  '%ff',
  '"',
  '\\',
  ';',
  ',',
  '=',
  ':',
  '-1',
  '99999999999999999999',
  '\u202e',
  '../',
  '{',
  ']',
  '*',
  ' ',
  '\t',
  'é',
  '--bound',
  '--bound--',
  "filename*=x'y'z",
]

/** One to four changes, each small. */
function damage(random: Random, sound: string, others: string[]): Buffer {
  let text = sound
  for (let count = 1 + below(random, 4); count > 0; count -= 1) {
    const at = below(random, text.length)
    const length = 1 + below(random, pick(random, [1, 4, 40]))
    const other = pick(random, others)
    const lines = text.split('\r\n')
    const line = below(random, lines.length)
    text = pick(random, [
      () => text.slice(0, at) + text.slice(at + length),
      () => text.slice(0, at) + text.slice(at, at + length).repeat(2 + below(random, 50)) + text.slice(at + length),
      () => text.slice(0, at) + pick(random, NASTY) + text.slice(at),
      () => text.slice(0, at) + String.fromCharCode(below(random, 256)) + text.slice(at + 1),
      () => lines.toSpliced(line, 1).join('\r\n'),
      () => lines.toSpliced(line, 0, lines[line] as string).join('\r\n'),
      () => lines.toSpliced(line, 0, pick(random, other.split('\r\n'))).join('\r\n'),
      () => text.replace(/\d+/, `${below(random, 100_000)}`),
      () => text.slice(0, at) + other.slice(below(random, other.length)),
    ])()
  }
  return Buffer.from(text, pick(random, ['utf8', 'latin1'] as const))
}

/** A sound upload in one of many forms, and the bytes that must be stored. */
function soundUpload(random: Random): { bytes: Buffer; content: string } {
  const pieces = ['\r\n', '--bound', '--', '\r\n--boun', 'x', '\r', '\n', '\0', 'hello', '\r\n--bound'.slice(0, -1)]
  const content = Array.from({ length: below(random, 40) }, () => pick(random, pieces))
    .join('')
    .replaceAll(/(^|\r\n)--bound/g, '$1--b0und')
  const asForm = form('a.txt', content)
  const bytes = pick(random, [
    () => request('PUT', '/a.txt', ['X-Padding: '.padEnd(below(random, 9_000), 'x')], content || 'x'),
    () => request('POST', '/', [FORM], asForm),
    () => request('POST', '/', [FORM], `preamble\r\n${asForm}epilogue`),
    () => request('POST', '/', ['content-TYPE: Multipart/Form-Data; charset=x; Boundary="bound"'], asForm),
  ])()
  return { bytes: Buffer.from(bytes), content: bytes.startsWith('PUT') && content === '' ? 'x' : content }
}

/**
 * Sends `bytes` in pieces; all that was received, as one character a byte. `thenLeaves`: ends its side at once, for a request
 * that may be incomplete; Node takes that for an abort.
 */
function exchange(
  app: TestApp,
  bytes: Buffer,
  random: Random,
  { thenLeaves }: { thenLeaves: boolean },
): Promise<string> {
  const cuts = Array.from({ length: below(random, 4) }, () => below(random, bytes.length)).sort((a, b) => a - b)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(app.url).port), noDelay: true })
    const received: Buffer[] = []
    const timer = setTimeout(() => socket.destroy(new Error('no end')), ANSWER_TIMEOUT_MS)
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.on('error', (error) => (error.message === 'no end' ? reject(error) : undefined))
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(received).toString('latin1'))
    })
    const sendFrom = (index: number): void => {
      const piece = bytes.subarray(index === 0 ? 0 : cuts[index - 1], cuts[index] ?? bytes.length)
      if (index < cuts.length) socket.write(piece, () => setImmediate(sendFrom, index + 1))
      else if (thenLeaves) socket.end(piece)
      else socket.write(piece)
    }
    socket.once('connect', () => sendFrom(0))
  })
}

/** Final answers of all requests that the server saw in the bytes. */
const statusesIn = (answer: string): number[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status)).filter((status) => status >= 200)

test(
  'damaged requests break nothing',
  async () => {
    const random = randomNumbers(SEED)
    const { app, db } = await makeAppWithDatabase()
    const { url } = await givenFile(app, {}, 'a canary')
    const sound = await soundRequests(app)
    const classes = new Map<string, number>()
    const problems: string[] = []
    const deadline = Date.now() + SECONDS * 1000

    async function sendDamaged(): Promise<void> {
      const bytes = damage(random, pick(random, sound), sound)
      const answer = await exchange(app, bytes, random, { thenLeaves: true })
      const statuses = statusesIn(answer)
      for (const status of statuses.length === 0 ? [0] : statuses) {
        const kind = status === 0 ? 'closed' : `${status}`[0]
        classes.set(`${kind}`, (classes.get(`${kind}`) ?? 0) + 1)
        if (status >= 500 && !HARMLESS.includes(status))
          problems.push(`${status} for ${JSON.stringify(bytes.toString('latin1'))}: ${answer.slice(0, 500)}`)
      }
    }

    async function sendSound(): Promise<void> {
      const { bytes, content } = soundUpload(random)
      const answer = await exchange(app, bytes, random, { thenLeaves: false })
      const link = /http:\/\/\S+\/file\/\S+/.exec(answer)?.[0]
      const stored = link && (await (await fetch(new URL(new URL(link).pathname, app.url))).text())
      if (stored !== content)
        problems.push(`stored ${JSON.stringify(stored)} of ${JSON.stringify(bytes.toString())}: ${answer}`)
    }

    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (Date.now() < deadline && problems.length === 0) await (random() < 0.25 ? sendSound() : sendDamaged())
      }),
    )

    expect(problems).toEqual([])
    expect(await (await fetch(url)).text()).toBe('a canary')
    expect([...classes.keys()]).toEqual(expect.arrayContaining(['2', '4'])) // some damage is none, most is found
    app.advance(25 * HOUR_MS)
    await app.maintenance.clean()
    const rows = await db.selectFrom('files').select(['blobKey', 'sha256', 'size', 'status']).execute()
    const blobs = new Map(storedFiles(app.dataDir).map((path) => [basename(path), path]))
    const uploaded = rows.filter(({ status }) => status === 'uploaded')
    expect(uploaded.length).toBeGreaterThan(0)
    for (const { blobKey: key, sha256: expected, size } of uploaded) {
      const bytes = readFileSync(blobs.get(`${key}`) ?? `no blob ${key}`)
      expect([bytes.length, sha256(bytes)]).toEqual([size, expected])
    }
    const needed = new Set(uploaded.map(({ blobKey: key }) => key))
    expect([...blobs.keys()].filter((name) => !needed.has(name))).toEqual([])
  },
  (SECONDS + 60) * 1000,
)
