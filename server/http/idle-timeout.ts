import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { type Interruptible, interruptible } from '../../storage/interruptible.ts'
import { AppError } from '../lib/errors.ts'

/**
 * The bytes of a request's body, or the parts of a form, with the sender's time running only while we wait for the next ones. The server's own time limit
 * counts everything in which nothing moves on the connection: it would also cut an honest sender whom a slow disk or
 * bucket keeps waiting, and an answer that needs a long sync first.
 */
export async function* withSenderTimeout<T>(
  request: FastifyRequest,
  pieces: AsyncIterable<T>,
  silenceMs = request.server.initialConfig.connectionTimeout ?? 0,
): AsyncGenerator<T> {
  const chunks = pieces[Symbol.asyncIterator]()
  try {
    for (;;) {
      request.socket.setTimeout(silenceMs)
      const next = await chunks.next()
      request.socket.setTimeout(0) // node sets it anew for the next request on the connection
      if (next.done) return
      yield next.value
    }
  } finally {
    await chunks.return?.()
  }
}

/** The bytes of a stream for `reader`, whose own time runs only while it is the one that is waited for, and not the sender. */
export async function* withReaderTimeout<T>(
  reader: Socket,
  bytes: AsyncIterable<T>,
  stallMs: number,
): AsyncGenerator<T> {
  const chunks = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      reader.setTimeout(0)
      const next = await chunks.next()
      reader.setTimeout(stallMs)
      if (next.done) return
      yield next.value
    }
  } finally {
    reader.setTimeout(stallMs)
    await chunks.return?.()
  }
}

/** The same bytes, but silence ends them with `timed_out`, which can be answered; else the connection is cut without a word. */
export function withIdleTimeout<T>(request: FastifyRequest, bytes: AsyncIterable<T>): Interruptible<T> {
  const silence = new AbortController()
  request.raw.once('timeout', () => silence.abort(new AppError('data_timed_out')))
  return interruptible(bytes, silence.signal)
}
