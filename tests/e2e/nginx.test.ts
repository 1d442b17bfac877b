import { hash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Upload } from 'tus-js-client'
import { describe, expect, test } from 'vitest'
import { givenFile } from '../helpers/client.ts'
import { freePort } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { startNginx } from '../helpers/proxies.ts'
import { sharedServer, spawnServer } from '../helpers/spawn-server.ts'
import { waitUntil } from '../helpers/wait.ts'
import { ask, type Question, type Reply } from '../server/downloads/ask.ts'

/** Behind the real nginx as Debian ships it: it buffers whole requests, and takes bodies of 100 MB at most, as Cloudflare does. */

const MB = 1_000_000

describe.skipIf(!isInstalled('nginx'))('behind nginx with default buffering and a limit of 100 MB', () => {
  test('a file beyond the limit arrives in pieces below it, at a path of the proxy', async () => {
    const { url } = await givenProxy()
    const bytes = randomBytes(120 * MB)

    const link = await send(bytes, `${url}/tus`)

    const answer = await fetch(link)
    expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${hash('sha256', bytes, 'base64')}:`)
    expect(hash('sha256', Buffer.from(await answer.arrayBuffer()))).toBe(hash('sha256', bytes))
  }, 60_000)

  test('the limit is real: in one request the file is refused', async () => {
    const { url } = await givenProxy()

    const { status } = await fetch(`${url}/big.bin`, { method: 'PUT', body: Buffer.alloc(105 * MB) })

    expect(status).toBe(413)
  })

  test('a part of a file comes through, and so does a link that waits', async () => {
    const { url } = await givenProxy()
    const created = await fetch(`${url}/tus`, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '11' },
    })
    const link = created.headers.get('x-mayfly-link') ?? ''
    const waiting = fetch(`${link}?wait=1`, { headers: { Range: 'bytes=6-' } })

    await fetch(new URL(created.headers.get('location') ?? '', `${url}/tus`), {
      method: 'PATCH',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' },
      body: 'hello world',
    })

    const answer = await waiting
    expect([answer.status, await answer.text()]).toEqual([206, 'world'])
  })
})

/**
 * The server takes one nginx for its proxy, and the other, which comes from another address, for a client: the answers of both are
 * the same, but for who sent the bytes.
 */
describe.skipIf(!isInstalled('nginx'))('nginx sends the files (`X-Accel-Redirect`)', () => {
  const server = sharedServer({ ACCEL_REDIRECT: '/_mayfly/', TRUSTED_PROXIES: '127.0.0.2' })

  async function givenProxies() {
    const locations = documentedLocation().replace('/var/lib/mayfly/files/', `${server.dataDir()}/files/`)
    const [sending, passing] = await Promise.all([
      startNginx(server.url(), { location: 'proxy_bind 127.0.0.2;', locations }),
      startNginx(server.url()),
    ])
    const answersOf = async (path: string, question: Question = {}) => ({
      accelerated: comparable(await ask(sending + path, question)),
      passed: comparable(await ask(passing + path, question)),
    })
    return { sending, answersOf }
  }

  const given = async (options: object = {}, content = PAGE, name = 'ä note.html') =>
    new URL((await givenFile({ url: server.url() }, options, content, name)).url).pathname

  test('files, parts, refusals and conditions are answered the same, down to every header', async () => {
    const { answersOf } = await givenProxies()
    const path = await given()
    const { etag = '', 'last-modified': date = '' } = (await ask(server.url() + path)).headers
    const cases: [status: number, headers: Record<string, string>, question?: Question & { query?: string }][] = [
      [200, {}],
      [200, {}, { query: '?dl=1' }],
      [200, {}, { method: 'HEAD' }],
      [200, { 'Want-Repr-Digest': 'sha-256=0' }],
      [206, { Range: 'bytes=6000-' }],
      [206, { Range: 'bytes=0-' }],
      [206, { Range: 'bytes=2-40000' }],
      [206, { Range: 'bytes=2-4' }],
      [206, { Range: 'bytes=-30000' }],
      [206, { Range: 'bytes=3-999999' }],
      [206, { Range: 'bytes=6000-', 'If-Range': etag }],
      [206, { Range: 'bytes=6000-', 'If-Range': date }],
      [200, { Range: 'bytes=6000-', 'If-Range': '"another"' }],
      [200, { Range: 'bytes=0-1,3-4' }],
      [200, { Range: 'bytes=nonsense' }],
      [206, { Range: 'bytes=3-40000,,' }],
      [416, { Range: 'bytes=999999-' }],
      [304, { 'If-None-Match': etag }],
      [200, { 'If-None-Match': '"another"' }],
      [304, { 'If-Modified-Since': date }],
      [200, { 'If-Modified-Since': new Date(0).toUTCString() }],
      [200, { 'If-Match': etag }],
      [412, { 'If-Match': '"another"' }],
      [200, { 'If-Unmodified-Since': date }],
    ]

    for (const [status, headers, { query = '', ...question } = {}] of cases) {
      const { accelerated, passed } = await answersOf(path + query, { headers, ...question })
      expect([headers, accelerated]).toEqual([headers, passed])
      expect([headers, accelerated.status]).toEqual([headers, status])
    }
  })

  test('so are large, small, empty, protected, limited and expired files, and archives', async () => {
    const { answersOf } = await givenProxies()
    const large = await given({}, 'large file '.repeat(500_000), 'large.bin')
    const small = await given({}, 'small', 'small.txt')
    const empty = await given({}, '', 'empty.txt')
    const secret = await given({ login: 'ada', password: 'secret' })
    const known = { headers: { Authorization: `Basic ${btoa('ada:secret')}` } }
    const counted = await given({ maxDownloads: 5 })
    const expired = await given({ ttl: 1 })
    await waitUntil(async () => (await ask(server.url() + expired, { method: 'HEAD' })).status === 404)
    const archive = large.replace('/file/', '/archive/').replace(/[^/]+\/[^/]+$/, 'archive.zip')
    const cases: [status: number, path: string, question?: Question][] = [
      [200, large],
      [206, large, { headers: { Range: 'bytes=1000000-' } }],
      [200, small],
      [200, empty],
      [401, secret],
      [200, secret, known],
      [206, secret, { headers: { ...known.headers, Range: 'bytes=1-' } }],
      [200, counted],
      [404, expired],
      [200, archive],
      [206, archive, { headers: { Range: 'bytes=100-200' } }],
    ]

    for (const [status, path, question] of cases) {
      const { accelerated, passed } = await answersOf(path, question)
      expect([path, accelerated]).toEqual([path, passed])
      expect([path, accelerated.status]).toEqual([path, status])
    }
  })

  test('the bytes are those that nginx has: without the location it finds none', async () => {
    const sending = await startNginx(server.url(), { location: 'proxy_bind 127.0.0.2;' })

    const { status } = await ask(sending + (await given()))

    expect(status).toBe(404)
  })

  test('only Mayfly can use the location of the files', async () => {
    const { sending } = await givenProxies()
    const [shard = ''] = readdirSync(`${server.dataDir()}/files`).filter((name) => /^[0-9a-f]{2}$/.test(name))
    const [key] = readdirSync(`${server.dataDir()}/files/${shard}`)

    const { status } = await ask(`${sending}/_mayfly/${shard}/${key}`)

    expect(status).toBe(404)
  })
})

const PAGE = '<script>alert("hello")</script>'.repeat(2000)

/** The location that the docs tell people to paste. */
function documentedLocation(): string {
  const docs = readFileSync('docs/deployment.md', 'utf8')
  const [, block] = /```nginx\n( {2}location \/_mayfly\/ \{\n[\s\S]*?)```/.exec(docs) ?? []
  if (!block) throw new Error('docs/deployment.md has no location for files')
  return block
}

/** All of an answer but its time, its connection, and what names a single request. */
function comparable({ status, headers, body }: Reply) {
  const { date: _date, connection: _connection, 'x-request-id': _id, ...others } = headers
  return { status, headers: others, sha256: hash('sha256', body) }
}

function send(bytes: Buffer, endpoint: string): Promise<string> {
  let link = ''
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint,
      chunkSize: 50 * MB,
      metadata: { filename: 'big.bin' },
      onAfterResponse: (_request, response) => {
        link = response.getHeader('X-Mayfly-Link') ?? link
      },
      onSuccess: () => resolve(link),
      onError: reject,
    })
    upload.start()
  })
}

/** nginx under a path of its own, which it takes off; the server knows of neither. */
async function givenProxy(): Promise<{ url: string }> {
  const behind = await freePort()
  const url = await startNginx(`http://127.0.0.1:${behind}`, { path: '/share' })
  await spawnServer({ PORT: `${behind}`, PUBLIC_URL: url })
  return { url }
}
