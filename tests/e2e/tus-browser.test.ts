import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, useBrowser } from '../helpers/browser.ts'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

/** The real tus-js-client in Chromium, on a page of another origin, over bad connections. */

const MIB = 1024 * 1024

interface Order {
  endpoint: string
  length: number
  chunkSize: number
}

describe.skipIf(!hasBrowser())('tus-js-client in Chromium', () => {
  const openPage = useBrowser()

  test('sends a file whole over connections that break at any byte, while the server is killed and started again', async () => {
    const folder = temporaryFolder()
    let server = await spawnServer({ DATA_DIR: folder })
    const proxy = await cuttingProxy(() => server.url)
    const page = await openPage()
    await page.goto(await givenOrigin())
    proxy.cuts.push(
      MIB,
      Number.POSITIVE_INFINITY,
      ...Array.from({ length: 8 }, () => Math.floor(Math.random() * 4 * MIB)),
    )
    const order: Order = { endpoint: `${proxy.url}/tus`, length: 24 * MIB, chunkSize: 16 * MIB }

    const sending = page.evaluate(sendInPage, order)
    sending.catch(() => {}) // when the test fails before
    await page.waitForFunction('globalThis.sent > 9e6')
    await server.kill('SIGKILL')
    server = await spawnServer({ DATA_DIR: folder })
    const { link, sha256 } = await sending

    const answer = await fetch(server.url + new URL(link).pathname)
    expect(hash('sha256', Buffer.from(await answer.arrayBuffer()))).toBe(sha256)
  }, 90_000)
})

/** Runs in the page. */
async function sendInPage({ endpoint, length, chunkSize }: Order): Promise<{ link: string; sha256: string }> {
  const page = globalThis as unknown as { tus: typeof import('tus-js-client'); sent: number }
  const bytes = new Uint8Array(length)
  for (let start = 0; start < length; start += 65_536) crypto.getRandomValues(bytes.subarray(start, start + 65_536))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  let link = ''
  await new Promise<void>((resolve, reject) => {
    new page.tus.Upload(new Blob([bytes]), {
      endpoint,
      chunkSize,
      retryDelays: [0, 200, 500, 1_000, 2_000, 3_000, 4_000, 4_000, 4_000, 4_000],
      metadata: { filename: 'random.bin' },
      onProgress: (sent) => {
        page.sent = sent
      },
      onAfterResponse: (_request, response) => {
        link = response.getHeader('X-Mayfly-Link') ?? link
      },
      onSuccess: () => resolve(),
      onError: reject,
    }).start()
  })
  return { link, sha256 }
}

/** A site that is not the server's. */
async function givenOrigin(): Promise<string> {
  const script = readFileSync(resolve(import.meta.dirname, '../../node_modules/tus-js-client/dist/tus.min.js'))
  const server = createServer((request, response) => {
    if (request.url === '/tus.js') return void response.setHeader('Content-Type', 'text/javascript').end(script)
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><script src="/tus.js"></script>')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
