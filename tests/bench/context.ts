import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeRandomFile } from './files.ts'
import { startLoadClient } from './load.ts'
import type { Job, LoadReport } from './load-jobs.ts'
import { type Comparison, measureInTurns, type Result, type Sample, withCpu } from './measure.ts'
import { available, startTarget, type Target, type TargetName } from './targets.ts'
import { hasWrk, runWrk, type SmallJob } from './wrk.ts'

/** How much is done. */
export interface Sizes {
  bigBytes: number
  rangesBytes: number
  memoryBytes: number
  stalledReaders: number
  /** Of small requests, by each contender in each round. */
  durationMs: number
  smallFiles: number
  expiredUploads: number
  markedUploads: number
  archives: { files: number; bytes: number }[]
}

const MIB = 1024 * 1024
const CHECKED_REQUESTS = 64

export const FULL: Sizes = {
  bigBytes: 1024 * MIB,
  rangesBytes: 256 * MIB,
  memoryBytes: 2048 * MIB,
  stalledReaders: 1000,
  durationMs: 2000,
  smallFiles: 1000,
  expiredUploads: 20_000,
  markedUploads: 1_000_000,
  archives: [
    { files: 100, bytes: 10 * MIB },
    { files: 2000, bytes: 10 * 1024 },
  ],
}

export const QUICK: Sizes = {
  bigBytes: 64 * MIB,
  rangesBytes: 64 * MIB,
  memoryBytes: 256 * MIB,
  stalledReaders: 200,
  durationMs: 400,
  smallFiles: 100,
  expiredUploads: 1000,
  markedUploads: 50_000,
  archives: [
    { files: 10, bytes: 10 * MIB },
    { files: 200, bytes: 10 * 1024 },
  ],
}

export interface Context {
  sizes: Sizes
  rounds: number
  /** A path below the temporary folder that nothing has used yet. */
  newPath: (name: string) => string
  /** A file of random bytes; the same one for the same size. */
  source: (bytes: number) => Promise<string>
  load: (job: Job) => Promise<LoadReport>
  /** Small requests for a while; some of them are checked before, byte by byte. */
  measureRequests: (target: Target, job: SmallJob) => Promise<Sample>
  compare: (comparison: Comparison, options?: { rounds?: number; warmUp?: boolean }) => Promise<void>
  /** Those of `names` that are installed here, in folders of their own, while `use` runs. */
  withTargets: (
    names: TargetName[],
    use: (targets: Target[]) => Promise<void>,
    settings?: Record<string, string>,
  ) => Promise<void>
  start: (name: TargetName, settings?: Record<string, string>) => Promise<Target>
}

export interface Scenario {
  name: string
  about: string
  run: (context: Context) => Promise<void>
}

interface Options {
  root: string
  sizes: Sizes
  rounds: number
  scenario: string
  profileTo: string | undefined
  onResults: (results: Result[]) => void
}

/** What one scenario works with; `end` stops and deletes all of it. */
export function createContext({ root, sizes, rounds, scenario, profileTo, onResults }: Options) {
  let paths = 0
  const sources = new Map<number, Promise<string>>()
  const client = startLoadClient()
  const newPath = (name: string) => join(root, `${scenario}-${paths++}-${name}`)

  function source(bytes: number): Promise<string> {
    const made = sources.get(bytes) ?? writeRandomFile(newPath('source'), bytes)
    sources.set(bytes, made)
    return made
  }

  async function compare(comparison: Comparison, { rounds: own = rounds, warmUp = true } = {}): Promise<void> {
    onResults(await measureInTurns(scenario, comparison, own, warmUp))
  }

  async function measureRequests({ pid }: Target, job: SmallJob): Promise<Sample> {
    const { durationMs: _, ...some } = { ...job, requests: CHECKED_REQUESTS }
    if (hasWrk) await client.run(some)
    const { done, cpu } = await withCpu(pid, () => (hasWrk ? runWrk(job, newPath('paths')) : client.run(job)))
    return { value: done.requests / done.seconds, cpu: (cpu / done.requests) * 1e6, p99: done.p99 }
  }

  const start = (name: TargetName, settings: Record<string, string> = {}) =>
    startTarget(name, { folder: newPath(name), settings, profileTo })

  async function withTargets(names: TargetName[], use: (targets: Target[]) => Promise<void>, settings = {}) {
    const targets: Target[] = []
    try {
      for (const name of available(names)) targets.push(await start(name, settings))
      await use(targets)
    } finally {
      for (const target of targets) await target.stop()
    }
  }

  function end(): void {
    client.stop()
    rmSync(root, { recursive: true, force: true })
  }

  const context = { sizes, rounds, newPath, source, load: client.run, measureRequests, compare, withTargets, start }
  return { context, end }
}
