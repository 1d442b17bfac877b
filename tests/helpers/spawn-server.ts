import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { temporaryFolder } from './database.ts'
import { waitFor } from './wait.ts'

export interface SpawnedServer {
  /** `http://127.0.0.1:PORT` plus the path prefix, without a slash at the end. */
  url: string
  dataDir: string
  pid: number
  /** All that was written so far, on both channels. */
  output: () => string
  /** The lines of the output that are JSON objects. */
  logs: () => Record<string, unknown>[]
  /** Sends a signal and waits for the end; returns the exit code, null when the signal itself ended it. */
  kill: (signal: NodeJS.Signals) => Promise<number | null>
  /** The exit code, once it has ended. */
  exited: Promise<number | null>
}

const START_TIMEOUT_MS = 30_000

/**
 * The real process on a free port, in a folder of its own unless `DATA_DIR` says otherwise. Settings are those of the
 * environment, without `MAYFLY_`; `environment` is added to that as it is; `prefix` are words in front of the command, which have
 * to become the server (`exec`); `main` is what runs, the bundle unless it names the sources. Resolves once it has announced itself;
 * it is killed at the end of the test.
 */
export async function spawnServer(
  settings: Record<string, string> = {},
  environment: Record<string, string> = {},
  prefix: readonly string[] = [],
  main?: string,
): Promise<SpawnedServer> {
  const dataDir = settings.DATA_DIR ?? temporaryFolder()
  const { child, output, exited } = start(
    { RATE_LIMIT: 'off', ...settings, DATA_DIR: dataDir },
    environment,
    prefix,
    main,
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  return running(child, dataDir, output, exited)
}

/** One for all tests of a file, for those that only need to ask it something. Call it beside the tests, not in them. */
export function sharedServer(settings: Record<string, string> = {}): { url: () => string; dataDir: () => string } {
  const dataDir = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
  const { child, output, exited } = start({ RATE_LIMIT: 'off', ...settings, DATA_DIR: dataDir })
  let server: SpawnedServer | undefined
  beforeAll(async () => {
    server = await running(child, dataDir, output, exited)
  })
  afterAll(async () => {
    child.kill('SIGKILL')
    await exited
    rmSync(dataDir, { recursive: true, force: true })
  })
  return { url: () => (server as SpawnedServer).url, dataDir: () => dataDir }
}

/** The pids of the workers that have answered something, by their log lines. */
export const workersOf = (server: SpawnedServer): string[] => [
  ...new Set(
    server
      .logs()
      .filter(({ msg }) => msg === 'answered')
      .map(({ reqId }) => String(reqId).split('-')[0] ?? ''),
  ),
]

/** Both of two workers serve, of which one may still start when the server announces itself. */
export async function untilTwoAnswer(server: SpawnedServer): Promise<void> {
  await waitFor(async () => {
    await fetch(`${server.url}/health`, { headers: { Connection: 'close' } })
    expect(workersOf(server).length).toBeGreaterThanOrEqual(2)
  }, 50)
}

async function running(
  child: ChildProcess,
  dataDir: string,
  output: () => string,
  exited: Promise<number | null>,
): Promise<SpawnedServer> {
  const ready = until(child, () =>
    output()
      .match(/page and API\s+(\S+)\/\n|"page":"([^"]+)\/"/)
      ?.slice(1)
      .find(Boolean),
  )
  const url = await Promise.race([ready, exited.then(() => undefined)])
  if (url === undefined) throw new Error(`the server did not start\n${output()}`)
  return {
    url,
    dataDir,
    pid: child.pid as number,
    output,
    logs: () => jsonLines(output()),
    kill: killer(child, exited),
    exited,
  }
}

/** A start that is expected to fail, or to be cut short: no waiting for readiness. `prefix` as above. */
export function startServer(settings: Record<string, string> = {}, prefix: readonly string[] = []) {
  const { child, output, exited } = start(settings, {}, prefix)
  onTestFinished(() => void child.kill('SIGKILL'))
  return { output, exited, kill: killer(child, exited) }
}

function start(
  settings: Record<string, string>,
  environment: Record<string, string> = {},
  prefix: readonly string[] = [],
  main = 'server/dist/main.js',
) {
  const isOfTests = (name: string) => /^(MAYFLY_|npm_|NODE_ENV$)/.test(name)
  const inherited = Object.entries(process.env).filter(([name]) => !isOfTests(name))
  const given = Object.entries({ PORT: '0', ...settings }).map(([name, value]) => [`MAYFLY_${name}`, value])
  const [command = '', ...rest] = [...prefix, process.execPath, main]
  const child = spawn(command, rest, {
    env: { ...Object.fromEntries([...inherited, ...given]), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, output: () => Buffer.concat(chunks).toString(), exited }
}

const killer = (child: ChildProcess, exited: Promise<number | null>) => (signal: NodeJS.Signals) => {
  child.kill(signal)
  return exited
}

/** Resolves with the first value that `look` finds in the output; undefined when nothing came in time. */
function until<T>(child: ChildProcess, look: () => T | undefined): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), START_TIMEOUT_MS)
    const check = () => {
      const found = look()
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    }
    child.stdout?.on('data', check)
    check() // the line may have been printed before
  })
}

function jsonLines(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}
