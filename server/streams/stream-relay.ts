import { AppError } from '../errors.ts'

interface Offer {
  bytes: AsyncIterable<Uint8Array>
  timer: NodeJS.Timeout
  /** Somebody reads it. */
  isTaken: boolean
  /** Ends it, with what the sender is told. */
  cancellation: AbortController
  resolve: () => void
  reject: (error: unknown) => void
}

export type StreamRelay = ReturnType<typeof createStreamRelay>

/**
 * Stream uploads: the uploader waits until a reader comes, then bytes pass from one to the other at the slower one's
 * pace and nothing is stored. When either side breaks off, so does the other, at once. Readers of other replicas come
 * through `stream-exchange.ts`.
 */
export function createStreamRelay({ timeoutMs }: { timeoutMs: number }) {
  const offers = new Map<string, Offer>()

  /**
   * Resolves when a reader has taken all of `bytes`. Rejects with what `bytes` throws, and with `aborted` when the
   * reader leaves before the end, nobody comes within the time limit, it is cancelled, or `senderGone` aborts while
   * nobody has come yet.
   */
  function offer(fileId: string, bytes: AsyncIterable<Uint8Array>, senderGone?: AbortSignal): Promise<void> {
    const offered = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => withdraw(fileId, 'nobody came to download the stream in time'), timeoutMs)
      offers.set(fileId, { bytes, timer, isTaken: false, cancellation: new AbortController(), resolve, reject })
      senderGone?.addEventListener('abort', () => withdraw(fileId, 'the sender went away'))
      if (senderGone?.aborted) withdraw(fileId, 'the sender went away')
    })
    return offered.finally(() => offers.delete(fileId))
  }

  function withdraw(fileId: string, reason: string): void {
    const offered = offers.get(fileId)
    if (!offered || offered.isTaken) return
    offers.delete(fileId)
    clearTimeout(offered.timer)
    offered.reject(new AppError('aborted', reason))
  }

  /** Ends a stream for both sides, whether or not somebody reads it already. False: it is not here. */
  function cancel(fileId: string): boolean {
    const reason = 'the stream was cancelled'
    const offered = offers.get(fileId)
    withdraw(fileId, reason)
    offered?.cancellation.abort(new AppError('aborted', reason))
    return offered !== undefined
  }

  /** The bytes on offer, for one reader only; undefined when nobody offers them, or somebody else reads them already. */
  function take(fileId: string): AsyncIterable<Buffer> | undefined {
    const taken = offers.get(fileId)
    if (!taken || taken.isTaken) return undefined
    taken.isTaken = true
    clearTimeout(taken.timer)
    return passOn(taken)
  }

  /** Whether the stream is on offer, or passes to a reader. */
  const holds = (fileId: string): boolean => offers.has(fileId)

  /** Ends all waiting. */
  function close(): void {
    for (const fileId of offers.keys()) withdraw(fileId, 'the server is stopping')
  }

  return { offer, take, holds, cancel, close }
}

async function* passOn({ bytes, cancellation: { signal }, resolve, reject }: Offer): AsyncGenerator<Buffer> {
  let isWhole = false
  try {
    for await (const chunk of bytes) {
      signal.throwIfAborted() // with the sender's next piece: one who is silent is cut in any case
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    isWhole = true
  } catch (error) {
    reject(error)
    throw error
  } finally {
    if (isWhole) resolve()
    else reject(new AppError('aborted', 'the downloader went away before the end'))
  }
}
