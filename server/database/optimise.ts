import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { moduleFile } from '../lib/program-files.ts'
import { type Database, type DatabaseLocation, openDatabase } from './open-database.ts'

const VACUUM = fileURLToPath(moduleFile('server/database/vacuum'))

/**
 * Updates the statistics by which the database chooses indexes. On SQLite it also frees the disk space of unused pages
 * and checkpoints the log; PostgreSQL does that itself (autovacuum). Returns the number of freed bytes.
 */
export async function optimise({ db, location }: Database, signal?: AbortSignal): Promise<number> {
  if (location.kind === 'postgres') {
    await analyse(location)
    return 0
  }
  await sql`pragma analysis_limit = 1000`.execute(db) // at most this number of rows of an index are read: milliseconds
  await sql`pragma optimize`.execute(db)
  const { stdout } = await promisify(execFile)(process.execPath, [VACUUM, location.file], signal ? { signal } : {})
  await sql`pragma wal_checkpoint(truncate)`.execute(db)
  return Number(stdout)
}

/** Large tables take longer than a request may. */
async function analyse(location: DatabaseLocation): Promise<void> {
  const { db, close } = openDatabase(location, { hasTimeLimits: false })
  try {
    await sql`analyze`.execute(db)
  } finally {
    await close()
  }
}
