import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as requestHttp, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { authorityOf } from '../lib/authority.ts'
import { AppError } from '../lib/errors.ts'
import type { StreamRelay } from './stream-relay.ts'

interface Dependencies {
  relay: StreamRelay
  /** Where other replicas reach this machine. */
  host: string
}

/** A stream as its row tells of it. */
export interface HeldStream {
  id: string
  /** What `addressOf` answered on the replica that holds the sender. */
  heldBy: string | null
}

/** A replica that does not even answer in this time has died with its senders. */
const ANSWER_TIMEOUT_MS = 10_000

export type StreamExchange = ReturnType<typeof createStreamExchange>

/**
 * Streams across replicas: the sender is held by the process that it happened to reach, and its reader may reach another.
 * The row of the file says where the sender is held, as a URL that holds a secret: whoever can read the database can read
 * the stream, and nobody else. The port behind it is opened with the first stream and serves nothing else.
 */
export function createStreamExchange({ relay, host }: Dependencies) {
  const secret = randomBytes(32)
  let listening: Promise<Server> | undefined

  /** For the row of a stream that is about to be offered to the relay. */
  async function addressOf(fileId: string): Promise<string> {
    listening ??= listen()
    const { port } = (await listening).address() as AddressInfo
    return `http://${authorityOf(host, port)}/${fileId}/${ticketOf(fileId)}`
  }

  /**
   * The bytes of a stream, wherever they come in; undefined when nobody offers them, or somebody else reads them. When
   * `readerGone` aborts, the sender is told at once. Throws `unavailable`.
   */
  async function take({ id, heldBy }: HeldStream, readerGone: AbortSignal): Promise<AsyncIterable<Buffer> | undefined> {
    const here = relay.take(id, readerGone)
    if (here || heldBy === null) return here
    const response = await ask(heldBy, 'GET', readerGone)
    if (response.statusCode === 200) return received(response)
    response.destroy()
    return undefined
  }

  /** Whether its sender is there, wherever that is, and somebody reads it or could. Throws `unavailable`. */
  async function holds({ id, heldBy }: HeldStream): Promise<boolean> {
    if (relay.holds(id) || heldBy === null) return relay.holds(id)
    const response = await ask(heldBy, 'HEAD')
    response.destroy()
    return response.statusCode === 200
  }

  /** Ends a stream for both sides. One whose replica is gone has ended already. */
  async function cancel({ id, heldBy }: HeldStream): Promise<void> {
    if (relay.cancel(id) || heldBy === null) return
    const response = await ask(heldBy, 'DELETE').catch(() => undefined)
    response?.destroy()
  }

  async function listen(): Promise<Server> {
    const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
    server.requestTimeout = 0
    server.listen({ port: 0, host, exclusive: true }) // workers would share it otherwise, and each holds its own senders
    await once(server, 'listening')
    server.unref()
    return server
  }

  async function answer({ url = '', method }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, fileId = '', ticket = ''] = url.split('/')
    if (!isTicket(fileId, ticket)) return void response.writeHead(404).end()
    if (method === 'HEAD') return void response.writeHead(relay.holds(fileId) ? 200 : 404).end()
    if (method === 'DELETE') {
      relay.cancel(fileId)
      return void response.end()
    }
    const readerGone = new AbortController()
    response.once('close', () => readerGone.abort())
    const bytes = relay.take(fileId, readerGone.signal)
    if (!bytes) return void response.writeHead(404).end()
    response.flushHeaders()
    await pipeline(Readable.from(whileWanted(bytes), { objectMode: false }), response)
  }

  const ticketOf = (fileId: string): string => createHmac('sha256', secret).update(fileId).digest('hex')

  function isTicket(fileId: string, ticket: string): boolean {
    const expected = ticketOf(fileId)
    return ticket.length === expected.length && timingSafeEqual(Buffer.from(ticket), Buffer.from(expected))
  }

  async function close(): Promise<void> {
    const server = await listening
    server?.closeAllConnections()
    server?.close()
  }

  return { addressOf, take, holds, cancel, close }
}

/** `Readable` throws its own error into what it reads when the reader leaves; for the sender that is not the reason. */
async function* whileWanted(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) yield chunk
}

/**
 * `leave` ends the request, also after it was answered. By node's own client, since `fetch` gives up when a silent sender
 * sends nothing for five minutes. Throws `unavailable` when nobody answers.
 */
async function ask(url: string, method: 'GET' | 'HEAD' | 'DELETE', leave?: AbortSignal): Promise<IncomingMessage> {
  const request = requestHttp(url, { method, agent: false, ...(leave ? { signal: leave } : {}) })
  request.on('error', () => {}) // one that comes after the answer is seen there, too
  const timer = setTimeout(() => request.destroy(), ANSWER_TIMEOUT_MS)
  try {
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  } catch (cause) {
    throw new AppError('stream_server_unavailable', {}, { cause })
  } finally {
    clearTimeout(timer)
  }
}

/** A cut on the other side throws here, a reader who leaves here is seen there. */
async function* received(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer
  } catch (cause) {
    throw new AppError('sender_gone', {}, { cause })
  } finally {
    response.destroy()
  }
}
