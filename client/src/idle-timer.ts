import { MayflyError } from './errors.ts'

const DEFAULT_IDLE_TIMEOUT_MS = 30_000

export interface IdleTimer {
  /** Aborts when there was no progress for too long, and with the signal of the caller. */
  readonly signal: AbortSignal
  /** Reports progress. */
  touch(): void
  /** To be called when waiting has ended. */
  end(): void
}

/** A timeout without progress. A limit on the total time would abort large files on slow connections. `Infinity`: no limit. */
export function createIdleTimer(timeoutMs = DEFAULT_IDLE_TIMEOUT_MS, signal?: AbortSignal): IdleTimer {
  const silence = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const expire = (): void =>
    silence.abort(new MayflyError({ code: 'stalled', detail: `no progress for ${timeoutMs} ms` }))
  const end = (): void => clearTimeout(timer)
  const touch = (): void => {
    end()
    if (Number.isFinite(timeoutMs)) timer = setTimeout(expire, timeoutMs)
  }
  touch()
  return { signal: signal ? AbortSignal.any([silence.signal, signal]) : silence.signal, touch, end }
}
