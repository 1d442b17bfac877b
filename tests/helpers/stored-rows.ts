import { resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { openDatabase } from '../../server/database/open-database.ts'
import { migratedDatabase } from './database.ts'
import { makeApp, type TestApp } from './make-app.ts'

/** An app together with a second way into its database, to see what it really stored. */
export async function makeAppWithDatabase(settings: Record<string, string> = {}) {
  const url = await migratedDatabase()
  const app = await makeApp({ DATABASE_URL: url, ...settings })
  const database = openDatabase(url === 'sqlite' ? sqliteFile(app) : { kind: 'postgres', url })
  onTestFinished(() => database.close())
  return { app, db: database.db, prepare: database.prepare, transact: database.transact }
}

const sqliteFile = ({ dataDir }: TestApp) => ({
  kind: 'sqlite' as const,
  file: resolve(dataDir, 'mayfly.db'),
  syncEachCommit: false,
})
