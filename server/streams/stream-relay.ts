import { interruptible } from '../../storage/interruptible.ts'
import { AppError } from '../lib/errors.ts'

interface Offer {
  bytes: AsyncIterable<Uint8Array>
  timer: NodeJS.Timeout
  /** Somebody reads it. */
  isTaken: boolean
  /** Ends it for its reader, also while the sender is silent. */
  ending: AbortController
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
   * Resolves when a reader has taken all of `bytes`. Rejects with what `bytes` throws; with `aborted` when the reader
   * leaves before the end, nobody comes within the time limit, or it is cancelled; and with the reason of `senderGone`
   * when that aborts while nobody has come yet.
   */
  function offer(fileId: string, bytes: AsyncIterable<Uint8Array>, senderGone?: AbortSignal): Promise<void> {
    const offered = new Promise<void>((resolve, reject) => {
      const tooLate = new AppError('stream_without_reader')
      const timer = setTimeout(() => withdraw(fileId, tooLate), timeoutMs)
      offers.set(fileId, { bytes, timer, isTaken: false, ending: new AbortController(), resolve, reject })
      senderGone?.addEventListener('abort', () => withdraw(fileId, senderGone.reason))
      if (senderGone?.aborted) withdraw(fileId, senderGone.reason)
    })
    return offered.finally(() => offers.delete(fileId))
  }

  function withdraw(fileId: string, reason: unknown): void {
    const offered = offers.get(fileId)
    if (offered && !offered.isTaken) end(fileId, offered, reason)
  }

  function end(fileId: string, { timer, ending, reject }: Offer, reason: unknown): void {
    offers.delete(fileId)
    clearTimeout(timer)
    reject(reason)
    ending.abort(reason)
  }

  /** Ends a stream for both sides, whether or not somebody reads it already. False: it is not here. */
  function cancel(fileId: string): boolean {
    const offered = offers.get(fileId)
    if (offered) end(fileId, offered, new AppError('stream_cancelled'))
    return offered !== undefined
  }

  /**
   * The bytes on offer, for one reader only; undefined when nobody offers them, or somebody else reads them already. When
   * `readerGone` aborts, the sender is told at once, also a silent one.
   */
  function take(fileId: string, readerGone: AbortSignal): AsyncIterable<Buffer> | undefined {
    const taken = offers.get(fileId)
    if (!taken || taken.isTaken) return undefined
    taken.isTaken = true
    clearTimeout(taken.timer)
    const leave = () => end(fileId, taken, readerLeft())
    readerGone.addEventListener('abort', leave, { once: true })
    if (readerGone.aborted) leave()
    return passOn(taken)
  }

  /** Whether the stream is on offer, or passes to a reader. */
  const holds = (fileId: string): boolean => offers.has(fileId)

  /** Ends all waiting. */
  function close(): void {
    for (const fileId of offers.keys()) withdraw(fileId, new AppError('server_stopping'))
  }

  return { offer, take, holds, cancel, close }
}

async function* passOn({ bytes, ending, resolve, reject }: Offer): AsyncGenerator<Buffer> {
  let isWhole = false
  try {
    for await (const chunk of interruptible(bytes, ending.signal)) {
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    isWhole = true
  } catch (error) {
    reject(error)
    throw error
  } finally {
    if (isWhole) resolve()
    else reject(readerLeft())
  }
}

const readerLeft = () => new AppError('stream_reader_gone')
