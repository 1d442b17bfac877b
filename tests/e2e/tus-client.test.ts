import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { Upload, type UploadOptions } from 'tus-js-client'
import { expect, test } from 'vitest'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { sharedServer, spawnServer } from '../helpers/spawn-server.ts'

/** The real tus-js-client over bad lines, against the real process. */

const MIB = 1024 * 1024
const PATIENT = [0, 100, 200, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]

const shared = sharedServer()

test('a file arrives whole over a line that breaks at any byte', async () => {
  const proxy = await cuttingProxy(shared.url)
  const bytes = randomBytes(24 * MIB)
  proxy.cuts.push(...Array.from({ length: 12 }, () => Math.floor(Math.random() * 6 * MIB)))

  const { link } = await send(bytes, { endpoint: `${proxy.url}/tus` })

  expect(proxy.cuts).toEqual([])
  expect(await sha256OfLink(shared.url(), link)).toBe(sha256(bytes))
})

test('a file sent in chunks arrives whole over a line that breaks at any byte', async () => {
  const proxy = await cuttingProxy(shared.url)
  const bytes = randomBytes(10 * MIB + 1)
  proxy.cuts.push(...Array.from({ length: 12 }, () => Math.floor(Math.random() * MIB)))

  const { link } = await send(bytes, { endpoint: `${proxy.url}/tus`, chunkSize: MIB })

  expect(proxy.cuts).toEqual([])
  expect(await sha256OfLink(shared.url(), link)).toBe(sha256(bytes))
})

test('a file arrives whole although the server is killed in the middle and comes back', async () => {
  const folder = temporaryFolder()
  let server = await spawnServer({ DATA_DIR: folder })
  const proxy = await cuttingProxy(() => server.url)
  const bytes = randomBytes(64 * MIB)
  let restarting: Promise<void> | undefined
  const onProgress = (sent: number) => {
    if (sent > 20 * MIB) restarting ??= restart()
  }
  async function restart(): Promise<void> {
    await server.kill('SIGKILL')
    server = await spawnServer({ DATA_DIR: folder })
  }

  const { link } = await send(bytes, { endpoint: `${proxy.url}/tus`, onProgress, chunkSize: 16 * MIB })

  expect(restarting).toBeDefined()
  expect(await sha256OfLink(server.url, link)).toBe(sha256(bytes))
}, 60_000)

test('a client that was closed continues with the URL that it kept', async () => {
  const proxy = await cuttingProxy(shared.url)
  const bytes = randomBytes(8 * MIB)
  proxy.cuts.push(1_000_000, 3 * MIB)
  const broken = send(bytes, { endpoint: `${proxy.url}/tus`, retryDelays: [] })
  await expect(broken).rejects.toThrow()
  const { uploadUrl, link } = await broken.catch((error: { known: Known }) => error.known)

  await send(bytes, { uploadUrl })

  expect(await sha256OfLink(shared.url(), link)).toBe(sha256(bytes))
})

test('a file sent as parallel parts arrives whole over a line that breaks', async () => {
  const proxy = await cuttingProxy(shared.url)
  const bytes = randomBytes(12 * MIB + 5)
  proxy.cuts.push(...Array.from({ length: 6 }, () => MIB + Math.floor(Math.random() * 2 * MIB)))

  const { link } = await send(bytes, { endpoint: `${proxy.url}/tus`, parallelUploads: 3 })

  expect(await sha256OfLink(shared.url(), link)).toBe(sha256(bytes))
})

test.each(['ietf-draft-03', 'ietf-draft-05'] as const)(
  'a file arrives whole by %s over a line that breaks',
  async (protocol) => {
    const proxy = await cuttingProxy(shared.url)
    const bytes = randomBytes(12 * MIB)
    proxy.cuts.push(...Array.from({ length: 6 }, () => Math.floor(Math.random() * 5 * MIB)))

    const { body } = await send(bytes, { endpoint: `${proxy.url}/tus`, protocol })

    expect(await sha256OfLink(shared.url(), body)).toBe(sha256(bytes))
  },
)

test('a file that tus began continues by the draft, and then by curl', async () => {
  const proxy = await cuttingProxy(shared.url)
  const folder = temporaryFolder()
  const bytes = randomBytes(16 * MIB)
  writeFileSync(join(folder, 'random.bin'), bytes)
  proxy.cuts.push(5 * MIB)
  const first = send(bytes, { endpoint: `${proxy.url}/tus`, retryDelays: [] })
  const { uploadUrl, link } = await first.catch((error: { known: Known }) => error.known)
  proxy.cuts.push(5 * MIB)
  const second = send(bytes, { uploadUrl, protocol: 'ietf-draft-05', retryDelays: [] })
  await expect(second).rejects.toThrow(/failed to upload chunk at offset (?!0,)/)
  const offset = (await fetch(uploadUrl, { method: 'HEAD' })).headers.get('upload-offset') ?? ''

  await promisify(execFile)('curl', ['-sS', '-f', '-C', offset, '-T', join(folder, 'random.bin'), uploadUrl])

  expect(Number(offset)).toBeGreaterThan(0)
  expect(await sha256OfLink(shared.url(), link)).toBe(sha256(bytes))
})

test('a stream of unknown length arrives whole', async () => {
  const bytes = randomBytes(3 * MIB + 1)
  const stream = Readable.from([bytes.subarray(0, MIB), bytes.subarray(MIB)], { objectMode: false })

  const { link } = await send(stream, {
    endpoint: `${shared.url()}/tus`,
    uploadLengthDeferred: true,
    chunkSize: MIB,
  })

  expect(await sha256OfLink(shared.url(), link)).toBe(sha256(bytes))
})

test('a client terminates what it does not want any more', async () => {
  const proxy = await cuttingProxy(shared.url)
  proxy.cuts.push(1_000_000, MIB)
  const broken = send(randomBytes(8 * MIB), { endpoint: `${proxy.url}/tus`, retryDelays: [] })
  const { uploadUrl } = await broken.catch((error: { known: Known }) => error.known)

  await Upload.terminate(uploadUrl)

  const answer = await fetch(uploadUrl, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } })
  expect(answer.status).toBe(404)
})

interface Known {
  uploadUrl: string
  link: string
  /** The last answer's. */
  body: string
}

/** Resolves when the client says that all was sent. An error carries what was known by then. */
function send(bytes: Buffer | Readable, options: Partial<UploadOptions> & { protocol?: string }): Promise<Known> {
  const known: Known = { uploadUrl: '', link: '', body: '' }
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      retryDelays: PATIENT,
      metadata: { filename: 'random.bin' },
      onAfterResponse: (_request, response) => {
        known.link = response.getHeader('X-Mayfly-Link') ?? known.link
        known.uploadUrl = upload.url ?? known.uploadUrl
        known.body = response.getBody().trim()
      },
      onSuccess: () => resolve(known),
      onError: (error) => reject(Object.assign(error, { known: { ...known, uploadUrl: upload.url ?? '' } })),
      ...options,
    })
    upload.start()
  })
}

/** The proxy or a later server stands where the link points no more. */
async function sha256OfLink(url: string, link: string): Promise<string> {
  const response = await fetch(`${url}${new URL(link).pathname}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const body = Buffer.from(await response.arrayBuffer())
  expect(response.headers.get('repr-digest')).toBe(`sha-256=:${createHash('sha256').update(body).digest('base64')}:`)
  return sha256(body)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
