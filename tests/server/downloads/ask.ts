import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TestApp } from '../../helpers/make-app.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { waitFor, waitUntil } from '../../helpers/wait.ts'

/** HTTP as far down as downloads need it: any Host, any User-Agent, one connection a request, cut where we like. */

export interface Reply {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

export interface Question {
  method?: string
  headers?: http.OutgoingHttpHeaders
  body?: string
}

/** Sends a request on a separate connection. Rejects if the response is interrupted. */
export async function ask(url: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Reply> {
  const response = await open(url, { method, headers, ...(body === undefined ? {} : { body }) })
  return { status: response.statusCode ?? 0, headers: response.headers, body: await bodyOf(response) }
}

export const get = (url: string, headers: http.OutgoingHttpHeaders = {}): Promise<Reply> => ask(url, { headers })

/** A response whose headers have arrived and whose body is not read yet. */
export async function open(url: string, { method = 'GET', headers = {}, body }: Question = {}) {
  const request = http.request(url, { method, headers, agent: false })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return response
}

export async function bodyOf(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Cuts the connection once `bytes` have come; returns the bytes until then. */
export async function cutAfter(bytes: number, url: string, question: Question = {}): Promise<Buffer> {
  const response = await open(url, question)
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    received += chunk.length
    if (received >= bytes) break // leaving the loop destroys the socket
  }
  return Buffer.concat(chunks)
}

/** The server needs a moment to notice that a reader went away: asks until it is not `locked` any more. */
export const askUnlocked = (url: string, question: Question = {}): Promise<Reply> =>
  waitFor(async () => {
    const reply = await ask(url, question)
    if (reply.status === 423) throw new Error('still locked')
    return reply
  }, 10)

/**
 * Sends `request` on `count` connections but for its last byte and, once the server has read all of that, the last bytes
 * in one sweep: they are there in the same turn of its loop. Returns all that came back on each until the server closed it.
 */
export async function inOneSweep(app: TestApp, count: number, request: (index: number) => string): Promise<string[]> {
  const requests = Array.from({ length: count }, (_, index) => request(index))
  const accepted: Socket[] = []
  const accept = (socket: Socket) => void accepted.push(socket)
  app.server.server.on('connection', accept)
  const sockets = await Promise.all(requests.map((text) => connected(app, text.slice(0, -1))))
  await waitUntil(() => accepted.length === count && accepted.every(({ bytesRead }) => bytesRead > 0), 1)
  app.server.server.off('connection', accept)
  const answers = sockets.map(textOf)
  for (const [index, socket] of sockets.entries()) socket.write(requests[index]?.at(-1) ?? '')
  return Promise.all(answers)
}

/** A request that ends its connection. */
export const rawGet = (url: string, headers: Record<string, string> = {}): string =>
  `GET ${new URL(url).pathname} HTTP/1.1\r\n${Object.entries({ Host: 'x', Connection: 'close', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

/** A socket to the app to which `text` was written. */
export async function connected(app: TestApp, text = ''): Promise<Socket> {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.setNoDelay(true)
  await new Promise((resolve) => socket.write(text, resolve))
  return socket
}

/** Latin-1: each character is one byte. */
export async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

export const statusOf = (answer: string): number => Number(answer.slice(9, 12))

export const statusesOf = (answers: string[]): number[] => answers.map(statusOf)

/** Bytes of which no two stretches look alike, the same in each run. */
export function noise(size: number): Buffer<ArrayBuffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  return Buffer.from(cipher.update(Buffer.alloc(size)))
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Every blob that lies in the data folder, as paths. */
export const blobsOf = (app: TestApp): string[] => storedFiles(app.dataDir)
