import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, memoryMiB, type Process, startProcess } from '../bench/processes.ts'

/** One server that is killed and started again on the same port and the same data. */
export interface Site {
  name: string
  url: string
  /** As its process gets it. */
  environment: Record<string, string>
  start: () => Promise<void>
  /** SIGKILL, as by a crash. */
  crash: () => Promise<void>
  signal: (signal: NodeJS.Signals) => void
  /** Runs a fault; ordinary requests are not judged by their time until the server has been well again for a while. */
  during: (fault: () => Promise<void>) => Promise<void>
  /** No fault now, nor in the last seconds. */
  isCalm: () => boolean
  /** The most memory that it has had, in MiB, over all its starts. */
  peakMiB: () => number
  /** The last unexpected errors in its log, over all its starts. */
  lastErrors: () => string
}

const MAIN = resolve(import.meta.dirname, '../../server/dist/main.js')
const START_TIMEOUT_MS = 60_000
const RECOVERY_MS = 10_000
const LAST_ERRORS = 5

export async function createSite(name: string, settings: Record<string, string>): Promise<Site> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const all = { PORT: `${port}`, RATE_LIMIT: 'off', LOG_LEVEL: 'warn', LOG_FORMAT: 'json', ...settings }
  const environment = Object.fromEntries(Object.entries(all).map(([key, value]) => [`MAYFLY_${key}`, value]))
  let server: Process | undefined
  let earlierErrors: string[] = []
  let faults = 0
  let calmSince = Date.now()
  let peak = 0
  const watch = setInterval(() => {
    try {
      if (server) peak = Math.max(peak, memoryMiB(server.pid).now)
    } catch {} // it has just been killed
  }, 500).unref()
  watch.unref()

  async function start(): Promise<void> {
    server = startProcess(process.execPath, [MAIN], environment)
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await isHealthy(url))) {
      if (Date.now() > deadline) throw new Error(`${name} did not start\n${server.output()}`)
      await sleep(50)
    }
  }

  async function crash(): Promise<void> {
    const killed = server
    if (!killed) return
    earlierErrors = lastErrors()
    process.kill(killed.pid, 'SIGKILL')
    await killed.exited
  }

  const lastErrors = (): string[] => [...earlierErrors, ...unexpectedErrors(server?.output() ?? '')].slice(-LAST_ERRORS)

  async function during(fault: () => Promise<void>): Promise<void> {
    faults += 1
    await fault().finally(() => {
      faults -= 1
      calmSince = Date.now() + RECOVERY_MS
    })
  }

  return {
    name,
    url,
    environment,
    start,
    crash,
    signal: (signal) => void process.kill((server as Process).pid, signal),
    during,
    isCalm: () => faults === 0 && Date.now() > calmSince,
    peakMiB: () => Math.round(peak),
    lastErrors: () => lastErrors().join('\n'),
  }
}

/** An `AppError` is an answer, such as "no space left"; any other error is a fault. */
const unexpectedErrors = (log: string): string[] =>
  log.split('\n').filter((line) => line.includes('"level":50') && !line.includes('"type":"AppError"'))

const isHealthy = (url: string): Promise<boolean> =>
  fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
