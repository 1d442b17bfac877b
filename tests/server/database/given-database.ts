import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Database, type DatabaseLocation, openDatabase } from '../../../server/database/open-database.ts'
import { emptyDatabase, temporaryFolder } from '../../helpers/database.ts'

/** Where an empty database of the kind that this project tests may be opened, several times if need be. */
export async function givenLocation(): Promise<DatabaseLocation> {
  const url = await emptyDatabase()
  if (url !== 'sqlite') return { kind: 'postgres', url }
  return { kind: 'sqlite', file: join(temporaryFolder(), `${randomBytes(4).toString('hex')}.db`), syncEachCommit: true }
}

/** Opened, and closed with the test. */
export function givenDatabase(location: DatabaseLocation): Database {
  const database = openDatabase(location)
  onTestFinished(() => database.close())
  return database
}

/** A row of an upload. */
export const givenUpload = (id: string, options: { oneShot?: boolean } = {}) => ({
  id,
  status: 'active' as const,
  tokenHash: '',
  createdAt: 0,
  expiresAt: null,
  ttlSeconds: 0,
  extendTtl: false,
  oneShot: false,
  removable: false,
  stream: false,
  downloadLimit: null,
  comments: '',
  login: null,
  passwordHash: null,
  sourceAddress: '',
  ...options,
})
