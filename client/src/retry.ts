import { MayflyError } from './errors.ts'

/** Retries for as long as there is progress. */

export interface RetryOptions {
  /** Consecutive failures without progress before an error is thrown. 10 by default; `Infinity` is allowed. */
  retries?: number
  /** Milliseconds without any progress after which a connection is closed. 30,000 by default. */
  idleTimeoutMs?: number
  /** Called before each wait. */
  onRetry?: (event: RetryEvent) => void
}

export interface RetryEvent {
  error: MayflyError
  /** 1 for the first failure since the last progress. */
  attempt: number
  delayMs: number
}

const DEFAULT_RETRIES = 10
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 10_000

/**
 * Runs `work` until it returns. It calls `progressed` after progress, which resets the count of failures and the delay. Throws
 * errors of `work` that are not temporary, and the reason of `signal`.
 */
export async function persistently<T>(
  work: (progressed: () => void) => Promise<T>,
  { retries = DEFAULT_RETRIES, onRetry }: RetryOptions = {},
  signal?: AbortSignal,
): Promise<T> {
  let failures = 0
  const progressed = (): void => {
    failures = 0
  }
  for (;;) {
    try {
      return await work(progressed)
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTransient(error) || failures >= retries) throw error
      failures += 1
      const delayMs = delayAfter(failures, error as MayflyError)
      onRetry?.({ error: error as MayflyError, attempt: failures, delayMs })
      await pause(delayMs, signal)
    }
  }
}

/** Doubles each time, with a random part so that many clients do not retry at the same moment. */
function delayAfter(failures: number, { retryAfter = 0 }: MayflyError): number {
  const backoffMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1))
  return Math.round(Math.max(retryAfter * 1000, backoffMs * (0.5 + Math.random() / 2)))
}

/** Ends early when a browser is back online. Throws the reason of `signal`. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      globalThis.removeEventListener?.('online', end)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
    globalThis.addEventListener?.('online', end)
    if (signal?.aborted) end()
  })
}

/** Whether the same request may succeed later. 409, 423: the server has not yet noticed that our own request was interrupted. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof MayflyError)) return false
  if (['network', 'stalled'].includes(error.code)) return true
  const status = error.proxyStatus ?? error.status
  return [408, 409, 423, 429].includes(status) || isServerTrouble(status) || (error.code === 'proxy' && status < 400)
}

/** 501 and 507 are not fixed by waiting a few seconds. */
const isServerTrouble = (status: number): boolean => status >= 500 && status !== 501 && status !== 507
