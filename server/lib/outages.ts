import type { LogFn, Logger } from 'pino'
import { kindOf } from './errors.ts'

/** An outage ends once nothing has failed for this long. Requests to a hanging database fail less than once a second. */
const QUIET_MS = 30_000

/** The arguments of a call to the logger. */
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
 * While a database, a store or a disk does not respond, each request and each second of the job agent fails for the same
 * reason. Only the first of these failures is logged, without a stack, and the number of failures once the outage is
 * over.
 */
export function createOutages(quietMs = QUIET_MS) {
  const outages = new Map<string, Outage>()

  /** A pino hook: writes a line, or only counts it. */
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

/** Returns undefined if the line does not report an outage. */
function failureIn([fields, text = '']: Arguments): Failure | undefined {
  const error = innermost((fields as { err?: unknown } | undefined)?.err)
  const kind = kindOf(error)
  const isOutage = kind === 'unavailable' || kind === 'insufficient_storage'
  if (!isOutage || !(error?.cause instanceof Error)) return undefined
  return { outage: error.message, reason: error.cause.message || error.cause.name, text: String(text) }
}

/** The innermost cause, since the outer messages may differ from request to request. */
function innermost(error: unknown): Error | undefined {
  if (!(error instanceof Error) || !kindOf(error)) return undefined
  return innermost(error.cause) ?? error
}
