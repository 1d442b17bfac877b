import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { findPostgres } from './tests/helpers/postgres-server.ts'

/** Every test file starts a process, and many start servers: what they compile is kept. A fifth less CPU for all of it. */
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url))

const common = {
  testTimeout: 120_000,
  retry: process.env.CI ? 2 : 0, // many tests watch real time limits, and the machine of a run may be busy
  hookTimeout: 120_000,
  pool: 'forks' as const,
  isolate: false, // files share what they import, and nothing here keeps state in a module: a third less CPU
  maxWorkers: '100%',
  globalSetup: ['tests/helpers/build-page.ts', 'tests/helpers/database-setup.ts'],
}
/** They replace a module, which only works before any other test has loaded it. */
const REPLACES_A_MODULE = ['tests/server/images/uncleaned-pictures.test.ts']
/** Whatever touches the database runs once more on PostgreSQL. */
const ON_BOTH_DATABASES = ['tests/server/**/*.test.ts']
const WITHOUT_DATABASE = [
  'tests/server/{config,format-size}.test.ts',
  'tests/server/downloads/{archive,archive-names,byte-range,copies,coverage}.test.ts',
  'tests/server/http/event-loop.test.ts', // takes its time, and databases with servers of their own hold nothing
  'tests/server/i18n/**',
  'tests/server/images/{metadata,pipeline}/**',
  'tests/server/jobs/cron-moments.test.ts',
  'tests/server/uploads/{content-type,file-name,md5}.test.ts',
]

const hasPostgres = findPostgres() !== undefined
if (!hasPostgres && process.env.CI) throw new Error('PostgreSQL is not installed, so half of the tests could not run')
if (!hasPostgres)
  console.warn(
    '\n⚠ NOT TESTED: PostgreSQL is not installed (Debian: apt-get install postgresql), only SQLite is tested.\n',
  )

const sqlite = {
  test: { ...common, name: 'sqlite', include: ['tests/**/*.test.ts'], exclude: REPLACES_A_MODULE },
}
const isolated = { test: { ...common, name: 'isolated', isolate: true, include: REPLACES_A_MODULE } }
const postgres = {
  test: {
    ...common,
    name: 'postgres',
    include: ON_BOTH_DATABASES,
    exclude: [...WITHOUT_DATABASE, ...REPLACES_A_MODULE],
  },
}

export default defineConfig({ test: { projects: [sqlite, isolated, ...(hasPostgres ? [postgres] : [])] } })
