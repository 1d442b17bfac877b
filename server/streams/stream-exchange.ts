import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../errors.ts'
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
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}/${fileId}/${ticketOf(fileId)}`
  }

  /** The bytes of a stream, wherever they come in; undefined when there are none to be had. Throws `unavailable`. */
  async function take({ id, heldBy }: HeldStream): Promise<AsyncIterable<Buffer> | undefined> {
    const here = relay.take(id)
    if (here || heldBy === null) return here
    const leave = new AbortController()
    const response = await ask(heldBy, 'GET', leave)
    if (response.status === 200 && response.body) return received(response.body, leave)
    await response.body?.cancel()
    return undefined
  }

  /** Whether its sender is there, wherever that is, and somebody reads it or could. Throws `unavailable`. */
  async function holds({ id, heldBy }: HeldStream): Promise<boolean> {
    if (relay.holds(id) || heldBy === null) return relay.holds(id)
    const { ok } = await ask(heldBy, 'HEAD', new AbortController())
    return ok
  }

  /** Ends a stream for both sides. One whose replica is gone has ended already. */
  async function cancel({ id, heldBy }: HeldStream): Promise<void> {
    if (relay.cancel(id) || heldBy === null) return
    await ask(heldBy, 'DELETE', new AbortController()).catch(() => {})
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
    const bytes = relay.take(fileId)
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

/** `leave` ends the request, also after it was answered. Throws `unavailable` when nobody answers. */
async function ask(url: string, method: 'GET' | 'HEAD' | 'DELETE', leave: AbortController): Promise<Response> {
  const timer = setTimeout(() => leave.abort(), ANSWER_TIMEOUT_MS)
  try {
    return await fetch(url, { method, signal: leave.signal })
  } catch (cause) {
    throw new AppError('unavailable', 'the server that holds the sender of this stream does not answer', { cause })
  } finally {
    clearTimeout(timer)
  }
}

/** A cut on the other side throws here, a reader who leaves here is seen there. */
async function* received(body: ReadableStream<Uint8Array>, leave: AbortController): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  } catch (cause) {
    throw new AppError('aborted', 'the sender went away', { cause })
  } finally {
    leave.abort()
  }
}
