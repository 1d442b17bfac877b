import type { LogFn, Logger } from 'pino'
import { kindOf } from './errors.ts'

/** An outage ends once nothing has failed for this long. Requests to a hung database fail less often than once a second. */
const QUIET_MS = 30_000

/** What was logged about failures of a back end, as the caller of a logger gave it. */
type Arguments = Parameters<LogFn>

interface Failure {
  /** The same for all failures of an outage. */
  outage: string
  reason: string
  text: string
}

interface Outage {
  failures: number
  startedAt: number
  timer: NodeJS.Timeout
}

/**
 * While a database, a store or a disk does not answer, each request and each second of the job agent fails for the same reason.
 * Of such failures the first is logged, without a stack, and once they have ended how many there were.
 */
export function createOutages(quietMs = QUIET_MS) {
  const outages = new Map<string, Outage>()

  /** To be used as pino's hook: writes a line, or counts it. */
  function logMethod(this: Logger, args: Arguments, method: LogFn): void {
    const failure = failureIn(args)
    if (failure) count(failure, method.bind(this))
    else method.apply(this, args)
  }

  function count({ outage, reason, text }: Failure, write: LogFn): void {
    const known = outages.get(outage)
    if (known) {
      known.failures += 1
      known.timer.refresh()
      return
    }
    write({ outage, reason }, `${text}; further failures are counted`)
    const end = (): void => {
      const { failures = 0, startedAt = 0 } = outages.get(outage) ?? {}
      outages.delete(outage)
      const seconds = Math.round((performance.now() - quietMs - startedAt) / 1000)
      write({ outage, failures, seconds }, 'no failure for a while, the outage seems to be over')
    }
    outages.set(outage, { failures: 1, startedAt: performance.now(), timer: setTimeout(end, quietMs).unref() })
  }

  return { logMethod }
}

/** Undefined for everything else. */
function failureIn([fields, text = '']: Arguments): Failure | undefined {
  const error = innermost((fields as { err?: unknown } | undefined)?.err)
  const kind = kindOf(error)
  const isOutage = kind === 'unavailable' || kind === 'insufficient_storage'
  if (!isOutage || !(error?.cause instanceof Error)) return undefined
  return { outage: error.message, reason: error.cause.message || error.cause.name, text: String(text) }
}

/** What a service said about it may differ from request to request. */
function innermost(error: unknown): Error | undefined {
  if (!(error instanceof Error) || !kindOf(error)) return undefined
  return innermost(error.cause) ?? error
}
