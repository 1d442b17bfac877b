import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import BetterSqlite3 from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { copyTables } from './copy-tables.ts'
import { migrate } from './migrate.ts'
import { type Database, type DatabaseLocation, openDatabase } from './open-database.ts'

/**
 * A backup is a SQLite file with every table, whichever database it was taken from: it can be looked into, and be brought
 * back into either. Files that people uploaded are not in it.
 */

const VACUUM = fileURLToPath(new URL('vacuum-into.ts', import.meta.url))
const NAME = /^mayfly-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$/
const PARTIAL = '.partial'
/** It holds the hashes of passwords and tokens. */
const PRIVATE = 0o600

export interface BackupReport {
  file: string
  bytes: number
  /** Older backups that were deleted. */
  deleted: number
}

export type Backups = ReturnType<typeof createBackups>

export function createBackups({ database, folder, clock }: { database: Database; folder: string; clock: Clock }) {
  /**
   * Takes a backup while others write, opens it to see that it is whole, and deletes all but the newest `keep`. What is
   * killed leaves a `.partial` file at most, which the next one deletes.
   */
  async function backUp({ keep, signal }: { keep: number; signal?: AbortSignal }): Promise<BackupReport> {
    for (const name of await readdir(folder).catch(() => [])) if (name.includes(PARTIAL)) await rm(join(folder, name))
    const time = new Date(clock()).toISOString().replace(/\.\d+/, '').replaceAll(':', '-')
    const file = join(folder, `mayfly-${time}.db`)
    const bytes = await backUpTo(file, signal)
    const old = (await readdir(folder))
      .filter((name) => NAME.test(name))
      .sort()
      .slice(0, -keep)
    for (const name of old) await rm(join(folder, name))
    return { file, bytes, deleted: old.length }
  }

  /** Returns its size in bytes. The file appears when it is whole, and replaces one that is there. */
  async function backUpTo(file: string, signal?: AbortSignal): Promise<number> {
    await mkdir(dirname(file), { recursive: true, mode: 0o750 })
    const partial = `${file}${PARTIAL}`
    await rm(partial, { force: true })
    try {
      if (database.location.kind === 'sqlite') await vacuumInto(database.location.file, partial, signal)
      else await copyFrom(database, partial, signal)
      await chmod(partial, PRIVATE)
      verifyBackup(partial)
      await replaceDurably(partial, file)
      return (await stat(file)).size
    } finally {
      for (const end of ['', '-wal', '-shm']) await rm(`${partial}${end}`, { force: true })
    }
  }

  return { backUp, backUpTo }
}

/** Throws `bad_request` when the file is no backup, or is damaged. */
export function verifyBackup(file: string): void {
  try {
    const sqlite = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
    try {
      const result = sqlite.pragma('quick_check', { simple: true })
      if (result !== 'ok') throw new Error(String(result))
      sqlite.prepare('select count(*) from uploads').get()
    } finally {
      sqlite.close()
    }
  } catch (cause) {
    throw new AppError('bad_request', `${basename(file)} is no backup, or it is damaged`, { cause })
  }
}

/**
 * Puts a backup in the place of the database, which no server may be using. What was there before is kept beside it
 * (SQLite), or gone (PostgreSQL). Throws `bad_request`: the file is no backup.
 */
export async function restoreBackup(file: string, location: DatabaseLocation, clock: Clock): Promise<void> {
  verifyBackup(file)
  const folder = location.kind === 'sqlite' ? dirname(location.file) : dirname(file)
  const copy = join(folder, `restore-${clock()}${PARTIAL}`)
  await mkdir(folder, { recursive: true })
  await copyFile(file, copy)
  try {
    const restored = openDatabase({ kind: 'sqlite', file: copy, syncEachCommit: true })
    await migrate(restored.db)
    await endRuns(restored, clock())
    if (location.kind === 'postgres') await copyInto(restored, location)
    await restored.close() // the last one to close merges the log into the file
    if (location.kind === 'sqlite') await swap(copy, location.file, clock)
  } finally {
    for (const end of ['', '-wal', '-shm']) await rm(`${copy}${end}`, { force: true })
  }
}

/** What was under way when the backup was taken, itself among it, is so no longer. */
function endRuns({ transact }: Database, now: number): Promise<void> {
  const end = { outcome: 'failed' as const, message: 'The database was restored.', finished_at: now }
  return transact(async (trx) => {
    await trx.updateTable('job_step_runs').set(end).where('finished_at', 'is', null).execute()
    await trx.updateTable('job_runs').set(end).where('finished_at', 'is', null).execute()
    await trx.deleteFrom('job_replicas').execute()
  })
}

/** Servers that say they use the database. None when it is damaged, or not there: that is what backups are for. */
export async function serversOn(location: DatabaseLocation, seenSince: number): Promise<string[]> {
  if (location.kind === 'sqlite' && !existsSync(location.file)) return []
  try {
    const { db, close } = openDatabase(location)
    try {
      const rows = await db.selectFrom('job_replicas').select('id').where('seen_at', '>=', seenSince).execute()
      return rows.map(({ id }) => id)
    } finally {
      await close()
    }
  } catch {
    return []
  }
}

async function swap(copy: string, file: string, clock: Clock): Promise<void> {
  const before = `${file}.before-${clock()}`
  for (const end of ['', '-wal', '-shm']) {
    await rename(`${file}${end}`, `${before}${end}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  await replaceDurably(copy, file)
}

async function copyInto(restored: Database, location: DatabaseLocation): Promise<void> {
  const target = openDatabase(location, { hasTimeLimits: false })
  try {
    await migrate(target.db)
    await target.db.transaction().execute((trx) => copyTables({ from: restored.db, to: trx, sqlite: restored.db }))
  } finally {
    await target.close()
  }
}

async function vacuumInto(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await promisify(execFile)(process.execPath, [VACUUM, from, to], signal ? { signal } : {})
}

/** All tables as they are at one moment. */
async function copyFrom({ db }: Database, to: string, signal?: AbortSignal): Promise<void> {
  const target = openDatabase({ kind: 'sqlite', file: to, syncEachCommit: false })
  try {
    await migrate(target.db)
    await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute((trx) => copyTables({ from: trx, to: target.db, sqlite: target.db, ...(signal && { signal }) }))
  } finally {
    await target.close()
  }
}

async function replaceDurably(from: string, to: string): Promise<void> {
  await sync(from)
  await rename(from, to)
  await sync(dirname(to))
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}
