import { AppError } from '../errors.ts'

interface Offer {
  bytes: AsyncIterable<Uint8Array>
  timer: NodeJS.Timeout
  resolve: () => void
  reject: (error: unknown) => void
}

export type StreamRelay = ReturnType<typeof createStreamRelay>

/**
 * Stream uploads: the uploader waits until a reader comes, then bytes pass from one to the other at the slower one's
 * pace and nothing is stored. When either side breaks off, so does the other, at once.
 */
export function createStreamRelay({ timeoutMs }: { timeoutMs: number }) {
  const offers = new Map<string, Offer>()

  /**
   * Resolves when a reader has taken all of `bytes`. Rejects with what `bytes` throws, and with `aborted` when the
   * reader leaves before the end or nobody comes within the time limit.
   */
  function offer(fileId: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        offers.delete(fileId)
        reject(new AppError('aborted', 'nobody came to download the stream in time'))
      }, timeoutMs)
      offers.set(fileId, { bytes, timer, resolve, reject })
    })
  }

  /** The bytes on offer, for one reader only; undefined when nobody offers them, or somebody else reads them already. */
  function take(fileId: string): AsyncIterable<Buffer> | undefined {
    const taken = offers.get(fileId)
    if (!taken) return undefined
    offers.delete(fileId)
    clearTimeout(taken.timer)
    return passOn(taken)
  }

  return { offer, take }
}

async function* passOn({ bytes, resolve, reject }: Offer): AsyncGenerator<Buffer> {
  let isWhole = false
  try {
    for await (const chunk of bytes) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    isWhole = true
  } catch (error) {
    reject(error)
    throw error
  } finally {
    if (isWhole) resolve()
    else reject(new AppError('aborted', 'the downloader went away before the end'))
  }
}
