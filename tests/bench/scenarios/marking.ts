import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { pino } from 'pino'
import { OPERATOR } from '../../../server/accounts/caller.ts'
import { type App, createApp } from '../../../server/app.ts'
import { readConfig } from '../../../server/config/config.ts'
import type { Context, Scenario } from '../context.ts'
import { writeRandomFile } from '../files.ts'
import { stamp } from '../load-jobs.ts'
import type { Sample } from '../measure.ts'

const HOUR_MS = 3_600_000
const LOAD_MS = 1_000

/** The purge's first step alone: its duration, and the requests that wait for it. */
export const marking: Scenario = {
  name: 'marking',
  about: 'a job marks a million expired uploads, each with a file, while somebody downloads small files',
  run: async (context) => {
    const { uploads, seconds, cpuMicros, waited } = await mark(context)
    const rows = {
      name: `${uploads} uploads and their files`,
      unit: 'rows/s',
      cpuUnit: 'µs each',
      goals: [{ atLeast: 50_000 }],
    }
    const waits = { name: 'the longest that a download took meanwhile', unit: 'ms', goals: [{ atMost: 50 }] }
    const once = { rounds: 1, warmUp: false }
    const said = (sample: Sample) => [{ target: 'mayfly', run: async () => sample }]
    const sample = { value: (2 * uploads) / seconds, cpu: cpuMicros / (2 * uploads) }
    await context.compare({ ...rows, contenders: said(sample) }, once)
    await context.compare({ ...waits, contenders: said({ value: waited }) }, once)
  },
}

async function mark({ newPath, load, sizes }: Context) {
  const folder = newPath('marking')
  const source = await writeRandomFile(newPath('source'), 1024)
  const content = readFileSync(source)
  stamp(content, 0)
  const uploads = sizes.markedUploads
  const path = await fill(folder, uploads, content)
  const app = await open(folder, () => Date.now() + HOUR_MS)
  const { port } = new URL(await app.server.listen({ host: '127.0.0.1', port: 0 }))
  const { jobs, control } = app.jobEngine
  await jobs.create({ name: 'mark', steps: [{ name: 'mark', action: 'expire-uploads' }] })

  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  const { ended } = await control.start('mark', 'bench')
  const job = { kind: 'files' as const, port: Number(port), connections: 1, source, paths: [path], durationMs: LOAD_MS }
  let endedAt = 0
  const marked = ended.finally(() => {
    endedAt = performance.now()
  })
  let waited = 0
  while (endedAt === 0) waited = Math.max(waited, (await load(job)).max)
  const { id } = await marked
  const seconds = (endedAt - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const { steps } = await control.getRun(id)
  await app.close()
  if (steps[0]?.outcome !== 'succeeded' || steps[0].rows !== uploads) throw new Error('not all were marked')
  return { uploads, seconds, cpuMicros: user + system, waited }
}

/** Copies of the rows of one upload, which end a millisecond after each other, and one that stays; returns the path of the file of that one. */
async function fill(folder: string, count: number, content: Buffer): Promise<string> {
  const app = await open(folder, Date.now)
  const create = async (ttlSeconds: number) => {
    const { upload, files } = await app.quickUploads.create(oneFile(content), () => ({ ttlSeconds }), OPERATOR)
    return { upload: upload.id, file: files[0]?.id ?? '' }
  }
  const [over, kept] = [await create(60), await create(24 * 3600)]
  await app.close()
  const sqlite = new BetterSqlite3(join(folder, 'mayfly.db'))
  sqlite.pragma('synchronous = OFF')
  sqlite.exec(`create temp table made as with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count - 1})
    select i, hex(randomblob(8)) as id from n`)
  copyRow(sqlite, 'uploads', over.upload, { id: 'made.id', expires_at: 'one.expires_at + made.i' })
  copyRow(sqlite, 'files', over.file, { id: 'made.id', upload_id: 'made.id', blob_key: 'lower(hex(randomblob(16)))' })
  sqlite.close()
  syncFile(join(folder, 'mayfly.db')) // or the job's first checkpoint would wait for all that was written here
  return `/file/${kept.upload}/${kept.file}/file.bin`
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r+')
  fsyncSync(fd)
  closeSync(fd)
}

function copyRow(sqlite: BetterSqlite3.Database, table: string, id: string, changed: Record<string, string>): void {
  const columns = (sqlite.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
  const values = columns.map((name) => changed[name] ?? `one."${name}"`)
  sqlite.exec(`insert into ${table} (${columns.map((name) => `"${name}"`).join()})
    select ${values.join()} from made, (select * from ${table} where id = '${id}') as one order by made.i`)
}

function open(folder: string, clock: () => number): Promise<App> {
  const settings = { MAYFLY_DATA_DIR: folder, MAYFLY_RATE_LIMIT: 'off' }
  return createApp({ config: readConfig(settings), log: pino({ level: 'silent' }), clock })
}

async function* oneFile(content: Buffer) {
  yield { name: 'file.bin', bytes: once(content) }
}

async function* once(content: Buffer) {
  yield Buffer.from(content)
}
