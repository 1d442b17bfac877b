import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../lib/errors.ts'

/** Programs leave within a round trip after the head of the answer. */
const PAUSE_MS = 500

/**
 * `bytes` with a pause after the first one, for a request with `Range: bytes=0-`. axel sends it to see the head of the answer, leaves,
 * and fetches the file in pieces. What the network takes of the body until then counts as handed out to it: without the pause all of a
 * small file. Throws `reader_gone` if `gone` aborts during the pause.
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
