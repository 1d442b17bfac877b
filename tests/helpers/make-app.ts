import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type App, createApp } from '../../server/app.ts'
import { readConfig } from '../../server/config/config.ts'
import { createLogger } from '../../server/lib/logger.ts'
import { type AtEnd, copyMigratedDatabase, migratedDatabase, temporaryFolder } from './database.ts'

/** Clocks that stand still until they are moved. Starts at the real time, so that files on disk look as old as they are. */
export function fixedClock() {
  let now = Date.now()
  let elapsed = 1 // never zero in a process that runs
  const leap = (ms: number): void => {
    now += ms
  }
  const advance = (ms: number): void => {
    leap(ms)
    elapsed += ms
  }
  return { clock: () => now, steady: () => elapsed, advance, leap }
}

export interface TestApp extends App {
  /** `http://127.0.0.1:PORT` plus the path prefix, without a slash at the end. */
  url: string
  dataDir: string
  /** For a second app on the same database. */
  databaseUrl: string
  /** Lets time pass for the app, in one go. */
  advance: (ms: number) => void
  /** Lets time pass as it does for a process that runs: it looks at leases again and again. It renews none of its own. */
  letTimePass: (ms: number) => Promise<void>
  /** Sets the app's wall clock, without any time passing. */
  leap: (ms: number) => void
}

/** At least twice within the shortest lease. */
const LOOK_EVERY_MS = 5_000

/**
 * The real application in a temporary folder, listening on a free port, on the database of the test project. Settings
 * are those of the environment, without `MAYFLY_`. Nothing runs in the background; call `maintenance.clean()`.
 */
export async function makeApp(settings: Record<string, string> = {}, atEnd: AtEnd = onTestFinished): Promise<TestApp> {
  const dataDir = settings.DATA_DIR ?? temporaryFolder(atEnd)
  const databaseUrl = settings.DATABASE_URL ?? (await migratedDatabase(atEnd))
  if (databaseUrl === 'sqlite') copyMigratedDatabase(dataDir)
  const all = {
    DATA_DIR: dataDir,
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'silent',
    LOG_FORMAT: 'json',
    ...settings,
    DATABASE_URL: databaseUrl,
  }
  const config = readConfig(Object.fromEntries(Object.entries(all).map(([name, value]) => [`MAYFLY_${name}`, value])))
  const { clock, steady, advance, leap } = fixedClock()
  const app = await createApp({ config, log: await createLogger(config), clock, steady })
  const address = await app.server.listen({ host: '127.0.0.1', port: 0 })
  atEnd(async () => {
    app.server.server.closeAllConnections()
    await app.close()
  })
  async function letTimePass(ms: number): Promise<void> {
    await app.maintenance.watchLeases()
    for (let left = ms; left > 0; left -= LOOK_EVERY_MS) {
      advance(Math.min(left, LOOK_EVERY_MS))
      await app.maintenance.watchLeases()
    }
  }

  return { ...app, letTimePass, url: `${address}${config.pathPrefix}`, dataDir, databaseUrl, advance, leap }
}

/**
 * One application for all tests of a file that neither restart it, nor move its clock, nor count its rows:
 * `const app = sharedApp()` at the top of the file; it is there from the first test on.
 */
export function sharedApp(settings: Record<string, string> = {}): TestApp {
  const shared = {} as TestApp
  const cleanUps: (() => void | Promise<void>)[] = []
  beforeAll(async () => void Object.assign(shared, await makeApp(settings, (cleanUp) => cleanUps.unshift(cleanUp))))
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp()
  })
  return shared
}
