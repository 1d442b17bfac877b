import { sql } from 'kysely'
import { type Database, type DatabaseLocation, openDatabase } from './open-database.ts'

/**
 * Lets the database look anew at what its tables hold, so that it goes on choosing the right index. SQLite also writes its
 * log back into its file; PostgreSQL clears up by itself (autovacuum).
 */
export async function optimise({ db, location }: Database): Promise<void> {
  if (location.kind === 'postgres') return analyse(location)
  await sql`pragma analysis_limit = 1000`.execute(db) // reads so many rows of an index at most: milliseconds
  await sql`pragma optimize`.execute(db)
  await sql`pragma wal_checkpoint(truncate)`.execute(db)
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
