import { MayflyError } from './errors.ts'

const DEFAULT_IDLE_TIMEOUT_MS = 30_000

export interface IdleTimer {
  /** Aborts when nothing moved for too long, and with the signal of the caller. */
  readonly signal: AbortSignal
  /** Something moved. */
  touch(): void
  /** To be called when there is nothing left to wait for. */
  end(): void
}

/**
 * A time limit that follows progress. A limit on the total would cut large files on slow connections; what is limited here is
 * the time without progress. `Infinity`: no limit.
 */
export function createIdleTimer(timeoutMs = DEFAULT_IDLE_TIMEOUT_MS, signal?: AbortSignal): IdleTimer {
  const silence = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const expire = (): void =>
    silence.abort(new MayflyError({ code: 'stalled', detail: `nothing moved for ${timeoutMs} ms` }))
  const end = (): void => clearTimeout(timer)
  const touch = (): void => {
    end()
    if (Number.isFinite(timeoutMs)) timer = setTimeout(expire, timeoutMs)
  }
  touch()
  return { signal: signal ? AbortSignal.any([silence.signal, signal]) : silence.signal, touch, end }
}
