import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import type { Site } from './site.ts'

/** Requests of people who mean harm, and of programs that are broken. What they are answered does not matter here. */

type Random = () => number

const MIB = 1024 * 1024
const json = (body: string): RequestInit => ({ method: 'POST', body, headers: { Accept: 'application/json' } })
const ANY_UPLOAD = 'A'.repeat(16)

const REQUESTS: [path: string, init: RequestInit][] = [
  [`/archive/${ANY_UPLOAD}`, json(`{"files":[${'1,'.repeat(500_000)}1]}`)],
  ['/upload', json(`{"files":[${'{},'.repeat(300_000)}{}]}`)],
  ['/upload', json(`{"files":[${'{"fileName":"x"},'.repeat(50_000)}{}]}`)],
  ['/upload', json(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)],
  ['/upload', json(`{"comments":${JSON.stringify('_a_'.repeat(20_000))}}`)],
  ['/upload', json(JSON.stringify({ ttl: 9e15, files: [{ fileName: '\0', fileSize: -1 }] }))],
  ['/auth/local/login', json(`{"login":${JSON.stringify('x'.repeat(MIB - 100))}}`)],
  ['/auth/cli/init', json(`{"hostname":${JSON.stringify('x'.repeat(MIB - 100))}}`)],
  ['/', { method: 'POST', body: 'x'.repeat(MIB), headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }],
  [
    '/?ttl=99999999999',
    { method: 'POST', body: '--x--', headers: { 'Content-Type': 'multipart/form-data; boundary=x' } },
  ],
  ['/tus', { method: 'POST', headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '-1' } }],
  ['/tus', { method: 'POST', headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '9'.repeat(30) } }],
  [`/file/${ANY_UPLOAD}/${ANY_UPLOAD}/x`, { headers: { Range: `bytes=${'0-,'.repeat(2_000)}0-` } }],
  ['/file/..%2f..%2f/etc/passwd', {}],
  [`/qrcode?url=${'x'.repeat(7_000)}`, {}],
  ['/me/uploads?limit=99999999', {}],
]

/** An image that decodes to 300 MB. */
export const makeBomb = (): Promise<Buffer> =>
  sharp({ create: { width: 9_990, height: 9_990, channels: 3, background: '#123456' } })
    .withMetadata({ orientation: 6 })
    .webp({ lossless: true })
    .toBuffer()

export async function attack(site: Site, bomb: Buffer, random: Random, signal: AbortSignal): Promise<void> {
  const abandonedImage = () => abandonImage(site, bomb)
  const attacks = [request, request, request, stalledHead, stalledBody, garbage, abandonedImage, abandonedDownload]
  while (!signal.aborted) {
    await (attacks[Math.floor(random() * attacks.length)] as typeof request)(site, random).catch(() => {})
    await sleep(200 + random() * 800)
  }
}

async function request(site: Site, random: Random): Promise<void> {
  const [path, init] = REQUESTS[Math.floor(random() * REQUESTS.length)] as (typeof REQUESTS)[number]
  await (await fetch(site.url + path, { ...init, signal: AbortSignal.timeout(30_000) })).arrayBuffer()
}

const stalledHead = (site: Site): Promise<void> => raw(site, 'GET / HTTP/1.1\r\nHost: x\r\nX-Half: ', 3_000)

const stalledBody = (site: Site): Promise<void> =>
  raw(site, `PUT /half.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(5_000)}`, 3_000)

const garbage = (site: Site, random: Random): Promise<void> =>
  raw(site, Buffer.from(Array.from({ length: 300 }, () => Math.floor(random() * 256))), 500)

/** Its sender does not wait. */
async function abandonImage(site: Site, bomb: Buffer): Promise<void> {
  const init = { method: 'PUT', body: new Uint8Array(bomb), signal: AbortSignal.timeout(2_000) }
  await fetch(`${site.url}/bomb.webp`, init)
}

async function abandonedDownload(site: Site): Promise<void> {
  await raw(site, 'GET /docs HTTP/1.1\r\nHost: x\r\n\r\n', 0)
}

/** Sends and then says nothing, for as long as it is left alone, at most `ms`. */
async function raw(site: Site, bytes: string | Buffer, ms: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(site.url).port) })
  socket.on('error', () => {})
  socket.write(bytes)
  await sleep(ms)
  socket.destroy()
}
