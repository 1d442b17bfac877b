import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tests/helpers/longest-first.ts'
import { isInstalled, missingPrograms } from './tests/helpers/programs.ts'
import { RunReport } from './tests/helpers/run-report.ts'
import { PATIENCE } from './tests/helpers/wait.ts'

/** Every test file starts a process, and many start servers: what they compile is kept. A fifth less CPU for all of it. */
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url))

const common = {
  testTimeout: 120_000,
  retry: process.env.CI ? 2 : 0, // many tests watch real time limits, and the machine of a run may be busy
  hookTimeout: 120_000,
  expect: { poll: PATIENCE },
  pool: 'forks' as const,
  isolate: false, // files share what they import, and nothing here keeps state in a module: a third less CPU
  maxWorkers: availableParallelism() + 2, // tests wait for lines, leases, processes and browsers
  globalSetup: ['tests/helpers/build.ts', 'tests/helpers/database-setup.ts', 'tests/helpers/s3-setup.ts'],
}
/** They replace a module, which only works before any other test has loaded it. */
const REPLACES_A_MODULE = ['tests/server/images/uncleaned-images.test.ts']
/** Together they run every SQL statement of the server; the rest of `tests/server` would only repeat them. */
const ON_BOTH_DATABASES = [
  'tests/server/{accounts,activity,database,jobs,notifications,plik,resumable}/**/*.test.ts',
  'tests/server/uploads/uploads-expiry.test.ts',
  'tests/server/downloads/{claims,claims-hostile,claims-lost,claims-ranges,claims-repo,live-links}.test.ts',
  'tests/server/http/{announced-sizes,errors,nasty-values,source-address}.test.ts',
  'tests/server/images/images-on-s3.test.ts',
  'tests/server/file-requests/{guests-tus,limits,file-requests}.test.ts',
  'tests/server/streams/replicas.test.ts',
  'tests/server/uploads/{broken-forms,failing-database,files-check,manifests,renewal,secrets}.test.ts',
  'tests/server/uploads/{slow-uploads,store-ownership,time-to-live}.test.ts',
]
const WITHOUT_DATABASE = ['tests/server/jobs/cron-moments.test.ts']
/** `npm run test:fast`: what starts no other process and is over soon. */
const IN_ONE_PROCESS = ['tests/{server,web}/**/*.test.ts', 'tests/*.test.ts']
const NOT_FAST = [
  'tests/server/{activity,images,jobs,streams}/**',
  'tests/server/downloads/{archive,claims,connections,live-links}*',
  'tests/server/**/{backup,event-loop,on-s3,operators,quotas,sessions,store-ownership,upload-locks,uploads-expiry,users}.test.ts',
  'tests/server/uploads/{slow-uploads,uploads-listing}.test.ts',
]
const isFast = process.env.TESTS === 'fast'

/** Where the results go as JSON, for the summary of a CI run. */
const report = process.env.TEST_REPORT

const missing = missingPrograms()
if (missing && process.env.CI) throw new Error(missing)
if (missing) console.warn(`\n${missing}\n`)

const sqlite = {
  test: {
    ...common,
    name: 'sqlite',
    include: isFast ? IN_ONE_PROCESS : ['tests/**/*.test.ts'],
    exclude: [...REPLACES_A_MODULE, ...(isFast ? NOT_FAST : [])],
  },
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

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new RunReport(), ...(report ? ['json'] : [])],
    ...(report && { outputFile: { json: report } }),
    projects: [sqlite, isolated, ...(isInstalled('postgres') ? [postgres] : [])],
  },
})
