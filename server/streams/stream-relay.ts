import { interruptible } from '../../storage/interruptible.ts'
import { AppError } from '../lib/errors.ts'

interface Offer {
  bytes: AsyncIterable<Uint8Array>
  timer: NodeJS.Timeout
  /** It has a reader. */
  isTaken: boolean
  /** Ends the stream for its reader, also while the sender is silent. */
  ending: AbortController
  resolve: () => void
  reject: (error: unknown) => void
}

export type StreamRelay = ReturnType<typeof createStreamRelay>

/**
 * Stream uploads: the sender waits for a reader, then bytes pass from one to the other at the speed of the slower one,
 * and nothing is stored. If either side disconnects, the other is disconnected at once. Readers on other replicas use
 * `stream-exchange.ts`.
 */
export function createStreamRelay({ timeoutMs }: { timeoutMs: number }) {
  const offers = new Map<string, Offer>()
  let isClosed = false

  /**
   * Resolves when a reader has received all of `bytes`. Rejects with what `bytes` throws; with `aborted` if the reader
   * disconnects before the end, no reader arrives within the time limit, or the stream is cancelled; and with the reason
   * of `senderGone` if that aborts before a reader arrives. Also `aborted`: the relay is closed.
   */
  async function offer(fileId: string, bytes: AsyncIterable<Uint8Array>, senderGone?: AbortSignal): Promise<void> {
    if (isClosed) throw serverStopping() // its row was written while the server began to stop
    const offered = new Promise<void>((resolve, reject) => {
      const tooLate = new AppError('stream_without_reader')
      const timer = setTimeout(() => cancelOffer(fileId, tooLate), timeoutMs)
      offers.set(fileId, { bytes, timer, isTaken: false, ending: new AbortController(), resolve, reject })
      senderGone?.addEventListener('abort', () => cancelOffer(fileId, senderGone.reason))
      if (senderGone?.aborted) cancelOffer(fileId, senderGone.reason)
    })
    return offered.finally(() => offers.delete(fileId))
  }

  function cancelOffer(fileId: string, reason: unknown): void {
    const offered = offers.get(fileId)
    if (offered && !offered.isTaken) end(fileId, offered, reason)
  }

  function end(fileId: string, { timer, ending, reject }: Offer, reason: unknown): void {
    offers.delete(fileId)
    clearTimeout(timer)
    reject(reason)
    ending.abort(reason)
  }

  /** Ends a stream for both sides, with or without a reader. Returns false if it is not on this replica. */
  function cancel(fileId: string): boolean {
    const offered = offers.get(fileId)
    if (offered) end(fileId, offered, new AppError('stream_cancelled'))
    return offered !== undefined
  }

  /**
   * Returns the offered bytes, to one reader only; `taken` if there is another reader; undefined if there is no offer. If
   * `readerGone` aborts, the sender is notified at once, even while it is silent.
   */
  function take(fileId: string, readerGone: AbortSignal): AsyncIterable<Buffer> | 'taken' | undefined {
    const taken = offers.get(fileId)
    if (!taken) return undefined
    if (taken.isTaken) return 'taken'
    taken.isTaken = true
    clearTimeout(taken.timer)
    const leave = () => end(fileId, taken, readerLeft())
    readerGone.addEventListener('abort', leave, { once: true })
    if (readerGone.aborted) leave()
    return passOn(taken)
  }

  /** Whether the stream is offered or being read. */
  const holds = (fileId: string): boolean => offers.has(fileId)

  /** Ends all offers without a reader, and takes no more. */
  function close(): void {
    isClosed = true
    for (const fileId of offers.keys()) cancelOffer(fileId, serverStopping())
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

const serverStopping = () => new AppError('server_stopping')
const readerLeft = () => new AppError('stream_reader_gone')
