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
  /** The address of this machine for other replicas. */
  host: string
}

/** The fields of a stream's row. */
export interface HeldStream {
  id: string
  /** The result of `addressOf` on the replica with the sender's connection. */
  heldBy: string | null
}

/** If a replica does not respond within this time, it has died and its senders are disconnected. */
const ANSWER_TIMEOUT_MS = 10_000

export type StreamExchange = ReturnType<typeof createStreamExchange>

/** How a replica answers another one whose reader comes second: 409 Conflict. */
const TAKEN = 409

/**
 * Streams across replicas: sender and reader may be connected to different processes. The row of the file contains the
 * URL of the sender's replica with a secret, so access to the database is needed to read the stream. Its port is opened
 * with the first stream and serves nothing else.
 */
export function createStreamExchange({ relay, host }: Dependencies) {
  const secret = randomBytes(32)
  let listening: Promise<Server> | undefined

  /** The URL to store in the row of a stream before it is offered to the relay. */
  async function addressOf(fileId: string): Promise<string> {
    listening ??= listen()
    const { port } = (await listening).address() as AddressInfo
    return `http://${authorityOf(host, port)}/${fileId}/${ticketOf(fileId)}`
  }

  /**
   * Returns the bytes of a stream from any replica; `taken` if there is another reader; undefined if there is no sender
   * yet, since the row of a stream can be read shortly before its bytes are offered. If `readerGone` aborts, the sender is
   * notified at once. Throws `unavailable`.
   */
  async function take(
    { id, heldBy }: HeldStream,
    readerGone: AbortSignal,
  ): Promise<AsyncIterable<Buffer> | 'taken' | undefined> {
    const here = relay.take(id, readerGone)
    if (here || heldBy === null) return here
    const response = await ask(heldBy, 'GET', readerGone)
    if (response.statusCode === 200) return received(response)
    response.destroy()
    return response.statusCode === TAKEN ? 'taken' : undefined
  }

  /** Whether the sender of the stream is connected to some replica, with or without a reader. Throws `unavailable`. */
  async function holds({ id, heldBy }: HeldStream): Promise<boolean> {
    if (relay.holds(id) || heldBy === null) return relay.holds(id)
    const response = await ask(heldBy, 'HEAD')
    response.destroy()
    return response.statusCode === 200
  }

  /** Ends a stream for both sides. Does nothing if its replica has died. */
  async function cancel({ id, heldBy }: HeldStream): Promise<void> {
    if (relay.cancel(id) || heldBy === null) return
    const response = await ask(heldBy, 'DELETE').catch(() => undefined)
    response?.destroy()
  }

  async function listen(): Promise<Server> {
    const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
    server.requestTimeout = 0
    server.listen({ port: 0, host, exclusive: true }) // otherwise workers would share the port, but each has its own senders
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
    if (bytes === 'taken') return void response.writeHead(TAKEN).end()
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

/**
 * When the reader leaves, `Readable` throws its own error into its source, which would hide the real reason from the
 * sender.
 */
async function* whileWanted(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) yield chunk
}

/**
 * `leave` aborts the request, also during the response. Uses Node's own client, since `fetch` times out after five
 * minutes without data. Throws `unavailable` if the replica does not respond.
 */
async function ask(url: string, method: 'GET' | 'HEAD' | 'DELETE', leave?: AbortSignal): Promise<IncomingMessage> {
  const request = requestHttp(url, { method, agent: false, ...(leave ? { signal: leave } : {}) })
  request.on('error', () => {}) // errors after the response are also raised there
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

/** An error of the other replica is thrown here; ending the iteration closes the connection. */
async function* received(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer
  } catch (cause) {
    throw new AppError('sender_gone', {}, { cause })
  } finally {
    response.destroy()
  }
}
