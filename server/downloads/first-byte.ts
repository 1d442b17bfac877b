import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../lib/errors.ts'

/** Programs disconnect within a round trip after the response headers. */
const PAUSE_MS = 500

/**
 * Returns `bytes` with a pause after the first one, for a request with `Range: bytes=0-`. axel sends it to read the
 * response headers, disconnects, and fetches the file in pieces. Bytes that the network accepts until then count as handed
 * out: without the pause, all bytes of a small file. Throws `reader_gone` if `gone` aborts during the pause.
 */
export async function* firstByteFirst(bytes: AsyncIterable<Buffer>, gone: AbortSignal): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const chunk of bytes) {
    if (!isFirst || chunk.length === 1) {
      yield chunk
    } else {
      yield chunk.subarray(0, 1)
      await pause(gone)
      yield chunk.subarray(1)
    }
    isFirst = false
  }
}

async function pause(gone: AbortSignal): Promise<void> {
  try {
    await delay(PAUSE_MS, undefined, { signal: gone })
  } catch (error) {
    throw new AppError('reader_gone', {}, { cause: error })
  }
}
