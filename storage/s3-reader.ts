import type { Readable } from 'node:stream'
import { fail } from './s3-errors.ts'

/**
 * Timeout of a chunk from the server. The socket timeouts of the SDK can't be used: a slow reader looks like an unresponsive
 * server to them, and its download is aborted (smithy `setSocketTimeout`).
 */
const STALL_MS = 60_000
const END = { done: true, value: undefined } as const

/** Reads exactly `length` bytes. Not a generator, which would queue `return` behind a chunk that never arrives. */
export function readBody(body: Readable, length: number): AsyncIterableIterator<Buffer> {
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
  let left = length
  let isStopped = false
  // Destroying it may emit an error without a listener.
  body.on('error', () => {})

  async function next(): Promise<IteratorResult<Buffer>> {
    if (isStopped) return END
    const stall = setTimeout(() => body.destroy(new Error('the S3 server fell silent')), STALL_MS)
    const step = await chunks
      .next()
      .catch((error: unknown) => (isStopped ? END : fail(error)))
      .finally(() => clearTimeout(stall))
    if (!step.done) left -= step.value.length
    if (!isStopped && (left < 0 || (step.done && left > 0))) throw new Error(`blob ends ${left} bytes early`)
    return step
  }

  async function stop(): Promise<IteratorResult<Buffer>> {
    isStopped = true
    body.destroy()
    return END
  }

  const iterator = { next, return: stop, [Symbol.asyncIterator]: () => iterator }
  return iterator
}
