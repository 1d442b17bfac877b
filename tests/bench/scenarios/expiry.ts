import { mkdirSync, readdirSync } from 'node:fs'
import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { OPERATOR } from '../../../server/accounts/caller.ts'
import { type App, createApp } from '../../../server/app.ts'
import { readConfig } from '../../../server/config/config.ts'
import type { Context, Scenario } from '../context.ts'
import type { Sample } from '../measure.ts'

const BYTES = 1024
const AT_ONCE = 64
const PARALLEL_UNLINKS = 16
const HOUR_MS = 3_600_000

export const expiry: Scenario = {
  name: 'expiry',
  about:
    'the purge of expired uploads of 1 KiB, rows and bytes, in a store that is new each time; beside bare unlinks of as many files',
  run: ({ sizes, newPath, compare, rounds }) => {
    const contenders = [
      { target: 'mayfly', run: () => purge(newPath('purge'), sizes) },
      { target: 'node', run: () => unlinkAll(newPath('unlink'), sizes) },
    ]
    const comparison = { name: `${sizes.expiredUploads} uploads`, unit: 'uploads/s', cpuUnit: 'µs each', contenders }
    return compare(comparison, { rounds: Math.min(rounds, 3), warmUp: false })
  },
}

/** In this process, on a clock that is ahead: filled quickly, then opened anew as a server has it. */
async function purge(folder: string, { expiredUploads }: Context['sizes']): Promise<Sample> {
  const filled = await open(folder, 'process', Date.now)
  await fill(filled, expiredUploads)
  await filled.close()
  const app = await open(folder, 'full', () => Date.now() + 2 * HOUR_MS)
  const sample = await measure(expiredUploads, async () => {
    const report = await app.maintenance.purge()
    if (report.deletedFiles !== expiredUploads || report.deletedUploads !== expiredUploads)
      throw new Error('not all was purged')
  })
  await app.close()
  assertEmpty(join(folder, 'files'))
  return sample
}

function open(folder: string, durability: string, clock: () => number): Promise<App> {
  const settings = { MAYFLY_DATA_DIR: folder, MAYFLY_DURABILITY: durability, MAYFLY_RATE_LIMIT: 'off' }
  return createApp({ config: readConfig(settings), log: pino({ level: 'silent' }), clock })
}

async function fill({ quickUploads }: App, uploads: number): Promise<void> {
  let left = uploads
  async function work(): Promise<void> {
    while (left-- > 0) await quickUploads.create(oneFile(), () => ({ ttlSeconds: 1 }), OPERATOR)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function* oneFile() {
  yield { name: 'file.bin', bytes: content() }
}

async function* content() {
  yield Buffer.alloc(BYTES, 1)
}

/** What the purge can't do without: the same files, in as many folders, taken away by as many hands. */
async function unlinkAll(folder: string, { expiredUploads }: Context['sizes']): Promise<Sample> {
  const paths: string[] = []
  for (let shard = 0; shard < 256; shard++) mkdirSync(join(folder, `${shard}`), { recursive: true })
  for (let index = 0; index < expiredUploads; index++) {
    const path = join(folder, `${index % 256}`, `${index}`)
    paths.push(path)
    await writeFile(path, Buffer.alloc(BYTES, 1))
  }
  const sample = await measure(expiredUploads, async () => {
    const work = async () => {
      for (let path = paths.pop(); path; path = paths.pop()) await unlink(path)
    }
    await Promise.all(Array.from({ length: PARALLEL_UNLINKS }, work))
  })
  assertEmpty(folder)
  return sample
}

async function measure(count: number, work: () => Promise<void>): Promise<Sample> {
  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { value: (count / (performance.now() - startedAt)) * 1000, cpu: (user + system) / count }
}

function assertEmpty(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const left = entries.filter((entry) => entry.isFile() && entry.name !== 'store-id')
  if (left.length > 0) throw new Error(`${left.length} files are left`)
}
