import fs from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { type DatabaseLocation, openDatabase } from '../../server/database/open-database.ts'
import { newBlobKey, newId } from '../../server/lib/ids.ts'

const migrationFolder = fileURLToPath(new URL('../../migrations', import.meta.url))
const LAST_OF_OLD_VERSION = '0009_torn_and_guests_parts'
const HOUR = 3_600_000

export interface OldFile {
  /** The path of its link. */
  path: string
  blobKey: string
  content: string
}

/**
 * Makes a database as version 0.1 leaves it, which knew no ids of stores: two uploads of a file each, of which the second ended an
 * hour ago. The caller puts the bytes into the store.
 */
export async function givenOldDatabase(location: DatabaseLocation): Promise<{ kept: OldFile; over: OldFile }> {
  const { db, close } = openDatabase(location)
  try {
    const migrator = new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder }) })
    const { error } = await migrator.migrateTo(LAST_OF_OLD_VERSION)
    if (error) throw error
    return { kept: await add(Date.now() + 24 * HOUR), over: await add(Date.now() - HOUR) }
  } finally {
    await close()
  }

  async function add(expiresAt: number): Promise<OldFile> {
    const [upload, file, blobKey, content] = [newId(), newId(), newBlobKey(), 'of an old version']
    const createdAt = expiresAt - 72 * HOUR
    await sql`insert into uploads (id, status, token_hash, created_at, expires_at, ttl_seconds, extend_ttl, one_shot,
        removable, stream, comments, source_address, file_count)
      values (${upload}, 'active', '', ${createdAt}, ${expiresAt}, 259200, 0, 0, 0, 0, '', '127.0.0.1', 1)`.execute(db)
    await sql`insert into files (id, upload_id, position, status, name, reference, created_at, type, size, blob_key, uploaded_at)
      values (${file}, ${upload}, 1, 'uploaded', 'a.txt', '', ${createdAt}, 'text/plain', ${content.length}, ${blobKey},
        ${createdAt})`.execute(db)
    return { path: `/file/${upload}/${file}/a.txt`, blobKey, content }
  }
}
