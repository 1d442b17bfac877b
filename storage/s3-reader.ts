import type { Readable } from 'node:stream'
import { fail } from './s3-errors.ts'

/**
 * So long a chunk may be on its way. The socket timeouts of the SDK can't be used: to them, a reader of ours who takes
 * its time looks like a server that fell silent, and its download is cut (smithy `setSocketTimeout`).
 */
const STALL_MS = 60_000
const END = { done: true, value: undefined } as const

/** Reads exactly `length` bytes. Written out, since a generator would queue `return` behind a chunk that never comes. */
export function readBody(body: Readable, length: number): AsyncIterableIterator<Buffer> {
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
  let left = length
  let isStopped = false
  // Destroying it may emit one when nobody listens any more.
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
