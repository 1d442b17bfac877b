import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { databaseLocation, storeOptions } from '../../server/app.ts'
import { readConfig } from '../../server/config/config.ts'
import { openDatabase } from '../../server/database/open-database.ts'
import { createOrphanSweep } from '../../server/uploads/orphans.ts'
import { createUploadsRepo } from '../../server/uploads/uploads-repo.ts'
import { openStore } from '../../storage/open-store.ts'
import { stopAll } from '../bench/processes.ts'
import { startPostgres } from '../helpers/postgres-server.ts'
import { s3Settings, startS3Server } from '../helpers/s3-server.ts'
import { attack, makeBomb } from './hostile.ts'
import { createLedger, type Ledger, sha256 } from './ledger.ts'
import { createSite, type Site } from './site.ts'
import { behave } from './users.ts'

/**
 * `npm run soak -- --minutes 60`: two servers (SQLite on a disk of their own; PostgreSQL and S3) with ordinary users, hostile
 * requests, kills, restarts of PostgreSQL and S3 and full disks, all at once. In the end every acknowledged file must be right,
 * nothing that was removed may be back, no blob may be without a row, and memory and waiting times must have been bounded.
 * `--only local` and `--only shared` start one of the two.
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const run = promisify(execFile)
const DURATION_MS = Number(values.minutes) * 60_000
const USERS = 4
const DISK = '600m'
const MAX_MIB = 400
const MAX_SMALL_MS = 1_000
/** Unfinished writes are kept this long; a request that is still sent to the store may end after its server was killed. */
const SPARED_MS = 7 * 60_000

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Backend {
  site: Site
  faults: (() => Promise<void>)[]
}

const folder = mkdtempSync(join(tmpdir(), 'mayfly-soak-'))
const cleanUps: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]

async function onLocalDisk(): Promise<Backend> {
  const dataDir = join(folder, 'local')
  mkdirSync(dataDir)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', dataDir])
  cleanUps.push(() => execFileSync('umount', ['-l', dataDir]))
  const site = await createSite('local', { DATA_DIR: dataDir, MIN_FREE_SPACE: '20MB' })
  const ballast = join(dataDir, 'ballast')
  async function fillDisk(): Promise<void> {
    await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1M']).catch(() => {}) // it fails once the disk is full
    await sleep(8_000)
    rmSync(ballast, { force: true })
  }
  return { site, faults: [fillDisk] }
}

async function onPostgresAndS3(): Promise<Backend> {
  const [postgres, s3] = await Promise.all([startPostgres({ isDurable: true }), startS3Server()])
  cleanUps.push(postgres.stop, s3.stop)
  const site = await createSite('shared', {
    DATA_DIR: join(folder, 'shared'),
    DATABASE_URL: `${postgres.url}/postgres`,
    ...s3Settings(s3),
  })
  async function restartPostgres(): Promise<void> {
    await postgres.crash()
    await sleep(2_000)
    await postgres.start()
  }
  async function restartS3(): Promise<void> {
    await s3.crashGateway()
    await sleep(2_000)
    await s3.startGateway()
  }
  return { site, faults: [restartPostgres, restartS3] }
}

async function breakThings(
  { site, faults }: Backend,
  random: () => number,
  signal: AbortSignal,
  ledger: Ledger,
): Promise<void> {
  const kill = async () => {
    await site.crash()
    await site.start()
  }
  const freeze = async () => {
    site.signal('SIGSTOP')
    await sleep(3_000)
    site.signal('SIGCONT')
  }
  const all = [kill, freeze, ...faults]
  while (!signal.aborted) {
    await sleep(20_000 + random() * 40_000, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const fault = all[Math.floor(random() * all.length)] as () => Promise<void>
    ledger.count(`${site.name}: ${fault.name}`)
    console.log(`${new Date().toISOString()} ${site.name}: ${fault.name}`)
    await site.during(fault)
    console.log(`${new Date().toISOString()} ${site.name}: ${fault.name} is over`)
  }
}

async function judge({ site }: Backend, ledger: Ledger): Promise<void> {
  for (const { path, sha256: expected, expiresAt } of ledger.files.values()) {
    const response = await fetch(site.url + path)
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (Date.now() > expiresAt + 1_000) {
      if (response.status !== 404) ledger.problem(`${site.name}: ${path} is expired and answers ${response.status}`)
    } else if (Date.now() < expiresAt - 1_000 && (response.status !== 200 || sha256(bytes) !== expected))
      ledger.problem(
        `${site.name}: ${path} was acknowledged and is not right (${response.status}, ${bytes.length} bytes)`,
      )
  }
  for (const path of ledger.gone) {
    const { status } = await fetch(site.url + path, { method: 'HEAD' })
    if (status !== 404) ledger.problem(`${site.name}: ${path} was removed and answers ${status}`)
  }
  const config = readConfig(site.environment)
  const opened = openDatabase(databaseLocation(config))
  const blobs = await openStore(storeOptions(config))
  const { knownBlobs } = createUploadsRepo(opened)
  const sweep = { knownBlobs, assertOwned: async () => {}, blobs, minAgeMs: SPARED_MS, clock: Date.now, log: console }
  const { quarantined } = await createOrphanSweep(sweep).removeOrphans({ maxPercent: 100 }) // the server's own spares them for a day
  ledger.counts.set(`${site.name}: blobs without a row`, quarantined.blobs)
  const kills = (ledger.counts.get(`${site.name}: kill`) ?? 0) + 1
  if (quarantined.blobs > kills * USERS * 3)
    ledger.problem(`${site.name}: ${quarantined.blobs} blobs without a row after ${kills} kills`) // a form has three files
  let count = 0
  for await (const { key } of blobs.list()) {
    count += 1
    if (!(await knownBlobs([key])).has(key)) ledger.problem(`${site.name}: blob ${key} has no row`)
  }
  ledger.counts.set(`${site.name}: blobs in the end`, count)
  await opened.close()
}

async function soak(): Promise<boolean> {
  const random = randomNumbers(Number(values.seed))
  const bomb = await makeBomb()
  const kinds = { local: onLocalDisk, shared: onPostgresAndS3 }
  const chosen = Object.entries(kinds).filter(([name]) => (values.only ?? name) === name)
  const backends = await Promise.all(chosen.map(([, start]) => start()))
  const ledgers = backends.map(({ site }) => createLedger(site.lastErrors))
  await Promise.all(backends.map(({ site }) => site.start()))
  const end = new AbortController()
  const everybody = backends.flatMap((backend, index) => {
    const ledger = ledgers[index] as Ledger
    return [
      ...Array.from({ length: USERS }, () => behave(backend.site, ledger, random, end.signal)),
      attack(backend.site, bomb, random, end.signal),
      breakThings(backend, random, end.signal, ledger),
    ]
  })
  const startedAt = Date.now()
  const report = setInterval(() => {
    const minutes = Math.round((Date.now() - startedAt) / 60_000)
    for (const [index, { site }] of backends.entries())
      console.log(`${minutes} min`, summary(site, ledgers[index] as Ledger))
  }, 60_000)
  await sleep(DURATION_MS)
  end.abort()
  await Promise.all(everybody)
  clearInterval(report)
  console.log(`waiting ${SPARED_MS / 60_000} minutes for the sweep`)
  await sleep(SPARED_MS)
  for (const [index, backend] of backends.entries()) {
    await backend.site.crash() // a start sweeps
    await backend.site.start()
    await sleep(15_000)
    await judge(backend, ledgers[index] as Ledger)
  }
  let isGood = true
  for (const [index, { site }] of backends.entries()) {
    const ledger = ledgers[index] as Ledger
    if (site.peakMiB() > MAX_MIB)
      ledger.problem(`${site.name}: ${site.peakMiB()} MiB of memory, allowed are ${MAX_MIB}`)
    if (ledger.slowest.ms > MAX_SMALL_MS)
      ledger.problem(`${site.name}: a small request took ${ledger.slowest.ms} ms: ${ledger.slowest.what}`)
    console.log(summary(site, ledger), Object.fromEntries(ledger.counts))
    for (const problem of ledger.problems) console.log(problem)
    isGood &&= ledger.problems.length === 0
  }
  return isGood
}

const summary = (site: Site, { files, gone, slowest, problems }: Ledger): string =>
  `${site.name}: ${files.size} files, ${gone.size} removed, peak ${site.peakMiB()} MiB, slowest small request ${slowest.ms} ms (${slowest.what}), ${problems.length} problems`

try {
  const isGood = await soak()
  console.log(isGood ? 'the soak ended well' : 'the soak found problems')
  process.exitCode = isGood ? 0 : 1
} finally {
  await stopAll()
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
}
