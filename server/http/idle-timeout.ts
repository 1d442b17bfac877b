import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { type Interruptible, interruptible } from '../../storage/interruptible.ts'
import { AppError } from '../lib/errors.ts'

/**
 * The bytes of a request's body, or the parts of a form, with the sender's timeout running only while the next ones are
 * awaited. The server's own timeout counts all time without traffic on the connection: it would also cut off a sender
 * that waits for a slow disk or bucket, and a response that needs a long sync first.
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
      request.socket.setTimeout(0) // Node sets it again for the next request on the connection
      if (next.done) return
      yield next.value
    }
  } finally {
    await chunks.return?.()
  }
}

/**
 * The bytes of a stream for `reader`, whose timeout runs only while the server waits for the reader, and not for the
 * sender.
 */
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

/**
 * The same bytes, but silence ends them with `timed_out`, so that an error can be sent; otherwise the connection would be
 * cut without a message.
 */
export function withIdleTimeout<T>(request: FastifyRequest, bytes: AsyncIterable<T>): Interruptible<T> {
  const silence = new AbortController()
  request.raw.once('timeout', () => silence.abort(new AppError('data_timed_out')))
  return interruptible(bytes, silence.signal)
}
