import { createHash } from 'node:crypto'

/** What clients were told, against which the server is held in the end. */

export interface Acknowledged {
  /** Path of the file's link. */
  path: string
  sha256: string
  /** Epoch ms after which it must be unavailable. */
  expiresAt: number
  upload: string
  token: string
}

/** Small requests that take longer are printed. */
const SLOW_MS = 300

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export type Ledger = ReturnType<typeof createLedger>

/** `describeErrors`: the last errors in the server's log, which are printed with each problem. */
export function createLedger(describeErrors: () => string) {
  const files = new Map<string, Acknowledged>()
  /** Of files that were removed, and of one-time files that were read. */
  const gone = new Set<string>()
  const problems: string[] = []
  const slowest = { ms: 0, what: '' }
  const counts = new Map<string, number>()

  return {
    files,
    gone,
    problems,
    slowest,
    counts,
    count: (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1),
    problem: (text: string): void => {
      problems.push(`${new Date().toISOString()} ${text}`)
      console.error(`PROBLEM ${text}\n${describeErrors()}`)
    },
    /** Of a small request of an ordinary user while nothing is broken. */
    timed: (what: string, ms: number): void => {
      if (ms > SLOW_MS) console.log(`${new Date().toISOString()} slow: ${what}, ${Math.round(ms)} ms`)
      if (ms > slowest.ms)
        Object.assign(slowest, { ms: Math.round(ms), what: `${what} at ${new Date().toISOString()}` })
    },
  }
}
