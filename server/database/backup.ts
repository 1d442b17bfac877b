import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { chmod, copyFile, link, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import BetterSqlite3 from 'better-sqlite3'
import { FILE_MODE } from '../../storage/file-modes.ts'
import { makeFolders } from '../../storage/make-folders.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { moduleFile } from '../lib/program-files.ts'
import { copyTables } from './copy-tables.ts'
import { codeOf } from './dialect.ts'
import { migrate } from './migrate.ts'
import { type Database, type DatabaseLocation, openDatabase } from './open-database.ts'

/**
 * A backup is a SQLite file with every table, whichever database it was taken from: it can be looked into, and be brought
 * back into either. Files that people uploaded are not in it.
 */

/** What SQLite keeps beside a database file. */
const LOGS = ['-wal', '-shm']
const VACUUM = fileURLToPath(moduleFile('server/database/vacuum-into'))
/** Names of backups, and of those that a crash left unfinished. Nothing else is ever deleted. */
const NAME = /^mayfly-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$/
const UNFINISHED = /^mayfly-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db\.([0-9a-f]{16}\.)?partial(-wal|-shm|-journal)?$/
/** An unfinished backup that was not written to for this long was abandoned. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000

export interface BackupReport {
  file: string
  bytes: number
  /** Older backups that were deleted. */
  deleted: number
}

export type Backups = ReturnType<typeof createBackups>

export function createBackups({ database, folder, clock }: { database: Database; folder: string; clock: Clock }) {
  /**
   * Takes a backup while others write, opens it to see that it is whole, and deletes all but the newest `keep`. A crash
   * leaves an unfinished file at most, which a later backup deletes.
   */
  async function backUp({ keep, signal }: { keep: number; signal?: AbortSignal }): Promise<BackupReport> {
    const file = fileOfNow()
    const bytes = await backUpTo(file, signal)
    await removeAbandoned()
    const old = (await filesNamed(NAME)).sort().slice(0, -keep)
    for (const name of old) await rm(join(folder, name))
    return { file, bytes, deleted: old.length }
  }

  /** A backup for somebody who copies it to where this process can't write; it is gone when `copy` returns. */
  async function backUpFor(copy: (file: string) => void): Promise<void> {
    const file = `${fileOfNow()}.partial` // what a crash leaves is deleted by a later backup
    try {
      await backUpTo(file)
      copy(file)
    } finally {
      await removeDatabase(file)
    }
  }

  function fileOfNow(): string {
    const time = new Date(clock()).toISOString().replace(/\.\d+/, '').replaceAll(':', '-')
    return join(folder, `mayfly-${time}.db`)
  }

  async function removeAbandoned(): Promise<void> {
    for (const name of await filesNamed(UNFINISHED)) {
      const { mtimeMs } = await stat(join(folder, name))
      if (mtimeMs < clock() - ABANDONED_AFTER_MS) await rm(join(folder, name))
    }
  }

  /** Files only: a folder of such a name is not ours. */
  async function filesNamed(pattern: RegExp): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && pattern.test(entry.name)).map(({ name }) => name)
  }

  /** Returns its size in bytes. The file appears when it is whole, and replaces one that is there. */
  async function backUpTo(file: string, signal?: AbortSignal): Promise<number> {
    makeFolders(dirname(file))
    const partial = `${file}.${randomBytes(8).toString('hex')}.partial`
    try {
      await writeFile(partial, '', { flag: 'wx', mode: FILE_MODE })
      if (database.location.kind === 'sqlite') await vacuumInto(database.location.file, partial, signal)
      else await copyFrom(database, partial, signal)
      verifyBackup(partial)
      await replaceDurably(partial, file)
      return (await stat(file)).size
    } finally {
      await removeDatabase(partial)
    }
  }

  return { backUp, backUpFor, backUpTo }
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
    throw new AppError('backup_damaged', { file: basename(file) }, { cause })
  }
}

/**
 * Replaces the database with a backup; no server may be using it. The old database is kept beside it (SQLite), or lost
 * (PostgreSQL). Throws `bad_request`: the file is not a backup.
 */
export async function restoreBackup(file: string, location: DatabaseLocation, clock: Clock): Promise<void> {
  verifyBackup(file)
  const copy = `${location.kind === 'sqlite' ? location.file : file}.restoring`
  makeFolders(dirname(copy))
  await removeDatabase(copy)
  try {
    await copyFile(file, copy)
    await chmod(copy, FILE_MODE)
    const restored = openDatabase({ kind: 'sqlite', file: copy, syncEachCommit: true })
    await migrate(restored.db)
    await endRuns(restored, clock())
    if (location.kind === 'postgres') await copyInto(restored, location)
    await restored.close() // the last one to close merges the log into the file
    if (location.kind === 'sqlite') await swap(copy, location.file, clock)
  } finally {
    await removeDatabase(copy)
  }
}

/** What was under way when the backup was taken, itself among it, is so no longer. */
function endRuns({ transact }: Database, now: number): Promise<void> {
  const end = { outcome: 'failed' as const, message: 'The database was restored.', finishedAt: now }
  return transact(async (trx) => {
    await trx.updateTable('jobStepRuns').set(end).where('finishedAt', 'is', null).execute()
    await trx.updateTable('jobRuns').set(end).where('finishedAt', 'is', null).execute()
    await trx.deleteFrom('jobReplicas').execute()
  })
}

/** Servers that were recently seen using the database. None if it is damaged or missing: then a backup is needed. */
export async function serversOn(location: DatabaseLocation, seenSince: number): Promise<string[]> {
  if (location.kind === 'sqlite' && !existsSync(location.file)) return []
  try {
    const { db, close } = openDatabase(location)
    try {
      const rows = await db.selectFrom('jobReplicas').select('id').where('seenAt', '>=', seenSince).execute()
      return rows.map(({ id }) => id)
    } finally {
      await close()
    }
  } catch {
    return []
  }
}

/**
 * One rename puts the copy in the place of the database, so that a crash leaves one or the other, and never none: a server
 * would make a new one. The old file is kept by a second name before.
 */
async function swap(copy: string, file: string, clock: Clock): Promise<void> {
  const before = `${file}.before-${clock()}`
  mergeLog(file)
  await keepAs(before, file)
  // Left by a database that is damaged or gone: beside the new file they would be taken for its own.
  for (const end of LOGS) await rename(`${file}${end}`, `${before}${end}`).catch(unlessMissing)
  await replaceDurably(copy, file)
}

/** Makes the file whole without its log. Throws `conflict` when a process has it open. A damaged one is left as it is. */
function mergeLog(file: string): void {
  if (!existsSync(file)) return
  try {
    const sqlite = new BetterSqlite3(file, { fileMustExist: true, timeout: 2_000 })
    try {
      sqlite.pragma('journal_mode = delete')
    } finally {
      sqlite.close()
    }
  } catch (cause) {
    const code = codeOf(cause)
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) throw new AppError('database_in_use', {}, { cause })
    if (!/^SQLITE_(CORRUPT|NOTADB)/.test(code)) throw cause
  }
}

async function keepAs(name: string, file: string): Promise<void> {
  try {
    await chmod(file, FILE_MODE)
    await link(file, name).catch(() => copyFile(file, name, constants.COPYFILE_EXCL)) // not all file systems have links
    await sync(name)
  } catch (error) {
    unlessMissing(error)
  }
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

async function removeDatabase(file: string): Promise<void> {
  for (const end of ['', '-journal', ...LOGS]) await rm(`${file}${end}`, { force: true })
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
  mergeLog(to) // else opening the backup to read it leaves an empty log beside it
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
