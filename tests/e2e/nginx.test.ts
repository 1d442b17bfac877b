import { hash, randomBytes } from 'node:crypto'
import { Upload } from 'tus-js-client'
import { describe, expect, test } from 'vitest'
import { freePort } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { startNginx } from '../helpers/proxies.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

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
