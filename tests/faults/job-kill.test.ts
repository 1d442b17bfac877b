import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { type Database, openDatabase } from '../../server/database/open-database.ts'
import type { Schema } from '../../server/database/schema.ts'
import { newBlobKey, newId } from '../../server/lib/ids.ts'
import { givenFile } from '../helpers/client.ts'
import { startCommand } from '../helpers/command-line.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { makeApp, type TestApp } from '../helpers/make-app.ts'
import { storedFiles } from '../helpers/stored-files.ts'

const HOUR = 3_600_000
/** Enough to be in the middle of. */
const ROWS = 2_000
const BLOBS = 500
/** Each is noted in a transaction of its own. */
const READS = 200

/** What is prepared, what the next run must have done, and how an action that is too quick is held. */
interface Case {
  action: string
  /** How a run that is not killed ends; succeeded unless said. */
  ends?: 'failed'
  parameters?: Record<string, unknown>
  /** A step that goes to itself: some attempt will be the one that is killed. */
  isRepeated?: boolean
  prepare: (given: Given) => Promise<void>
  verify: (given: Given) => Promise<void>
}

interface Given {
  app: TestApp
  database: Database
  db: Kysely<Schema>
  dataDir: string
  /** What a receiver of webhooks got. */
  deliveries: string[]
  /** The process that is killed. */
  victim: { isDead: boolean }
}

/** Copies of one upload with one file, changed as told; returns their blob keys. */
async function givenUploads({ app, database, db }: Given, count: number, changes: { upload?: object; file?: object }) {
  const { upload } = await givenFile(app, { ttl: 3600 }, 'text')
  const one = await db.selectFrom('uploads').selectAll().where('id', '=', upload.id).executeTakeFirstOrThrow()
  const file = await db.selectFrom('files').selectAll().where('uploadId', '=', upload.id).executeTakeFirstOrThrow()
  const keys = Array.from({ length: count }, newBlobKey)
  for (let start = 0; start < count; start += 500) {
    const batch = keys.slice(start, start + 500).map((key) => ({ key, id: newId() }))
    await database.transact(async (trx) => {
      await trx
        .insertInto('uploads')
        .values(batch.map(({ id }) => ({ ...one, ...changes.upload, id })))
        .execute()
      await trx
        .insertInto('files')
        .values(batch.map(({ id, key }) => ({ ...file, blobKey: key, ...changes.file, id, uploadId: id })))
        .execute()
    })
  }
  return keys
}

function givenBlobs({ dataDir }: Given, keys: string[]): void {
  const twoDaysAgo = (Date.now() - 48 * HOUR) / 1000
  for (const key of keys) {
    const folder = join(dataDir, 'files', key.slice(0, 2))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, key), 'text')
    utimesSync(join(folder, key), twoDaysAgo, twoDaysAgo)
  }
}

const countOf = async (db: Kysely<Schema>, table: 'uploads' | 'files', status: string): Promise<number> =>
  (
    await db
      .selectFrom(table)
      .select('id')
      .where('status', '=', status as never)
      .execute()
  ).length

const CASES: Case[] = [
  {
    action: 'expire-uploads',
    prepare: async (given) => void (await givenUploads(given, ROWS, { upload: { expiresAt: Date.now() - 1 } })),
    verify: async ({ db }) => {
      expect(await countOf(db, 'uploads', 'expired')).toBe(ROWS)
      expect(await countOf(db, 'files', 'removed')).toBe(ROWS)
      expect(await countOf(db, 'uploads', 'active')).toBe(1)
    },
  },
  {
    action: 'delete-blobs',
    prepare: async (given) =>
      givenBlobs(
        given,
        await givenUploads(given, BLOBS, { upload: { status: 'removed' }, file: { status: 'removed' } }),
      ),
    verify: async ({ db, dataDir }) => {
      expect(await countOf(db, 'files', 'deleted')).toBe(BLOBS)
      expect(storedFiles(dataDir)).toHaveLength(1)
    },
  },
  {
    action: 'delete-metadata',
    prepare: async (given) =>
      void (await givenUploads(given, ROWS, {
        upload: { status: 'removed' },
        file: { status: 'deleted', blobKey: null },
      })),
    verify: async ({ db }) => {
      expect(await db.selectFrom('uploads').select('status').execute()).toEqual([{ status: 'active' }])
      expect(await db.selectFrom('files').select('status').execute()).toEqual([{ status: 'uploaded' }])
    },
  },
  {
    action: 'purge-abandoned-uploads',
    prepare: async (given) =>
      void (await givenUploads(given, ROWS, {
        file: { status: 'uploading', blobKey: null, leaseUntil: 1, declaredBy: 'ann' },
      })),
    verify: async ({ db }) => {
      expect(await countOf(db, 'files', 'uploading')).toBe(0)
      expect(await countOf(db, 'files', 'missing')).toBe(ROWS)
    },
  },
  {
    action: 'check-links',
    ends: 'failed', // since it finds damage
    prepare: async (given) => void (await givenUploads(given, ROWS, {})),
    verify: async ({ db }) => {
      const faults = await db.selectFrom('files').select('id').where('fault', '=', 'missing').execute()
      expect(faults).toHaveLength(ROWS)
    },
  },
  {
    action: 'remove-orphans',
    parameters: { maxPercent: 100 },
    prepare: async (given) => {
      await givenFile(given.app)
      await given.app.storeOwnership.assertOwned()
      givenBlobs(given, Array.from({ length: BLOBS }, newBlobKey))
    },
    verify: async ({ dataDir }) => {
      const waiting = readdirSync(join(dataDir, 'files/quarantine'))
      expect(waiting).toHaveLength(BLOBS)
      expect(storedFiles(dataDir)).toHaveLength(BLOBS + 1)
    },
  },
  {
    action: 'verify-digests',
    parameters: { bytesPerSecond: 1_000 },
    prepare: async (given) => givenBlobs(given, await givenUploads(given, READS, {})),
    verify: async ({ db }) => {
      const rows = await db.selectFrom('files').select('fault').where('verifiedAt', 'is not', null).execute()
      expect(rows).toEqual(Array.from({ length: READS + 1 }, () => ({ fault: null })))
    },
  },
  {
    action: 'backup-database',
    prepare: async (given) => void (await givenUploads(given, ROWS, {})),
    verify: async ({ dataDir }) => {
      // The unfinished file of the killed run is spared for an hour, since another process could be writing it.
      const files = readdirSync(join(dataDir, 'backups')).filter((name) => !name.includes('.partial'))
      expect(files).toEqual([expect.stringMatching(/^mayfly-.*Z\.db$/)])
      const backup = openDatabase({
        kind: 'sqlite',
        file: join(dataDir, 'backups', files[0] as string),
        syncEachCommit: false,
      })
      onTestFinished(backup.close)
      expect(await countOf(backup.db, 'uploads', 'active')).toBe(ROWS + 1)
    },
  },
  {
    action: 'optimise-database',
    isRepeated: true,
    prepare: async (given) => void (await givenUploads(given, ROWS, {})),
    verify: async ({ app }) => expect((await givenFile(app)).file.fileName).toBe('file.txt'),
  },
  {
    action: 'prune-history',
    parameters: { keepDays: 1 },
    prepare: async ({ app, database }) => {
      const { id } = await app.jobEngine.jobs.get('check-links')
      const run = { jobId: id, trigger: 'manual' as const, requestedBy: '', replica: '', startStep: 1, message: '' }
      const old = { ...run, startedAt: 1, finishedAt: 2, outcome: 'succeeded' as const, leaseUntil: 3 }
      for (let start = 0; start < ROWS * 3; start += 500) {
        const ids = Array.from({ length: 500 }, newId)
        await database.transact(async (trx) => {
          await trx
            .insertInto('jobRuns')
            .values(ids.map((runId) => ({ ...old, id: runId })))
            .execute()
        })
      }
    },
    verify: async ({ db }) =>
      expect(await db.selectFrom('jobRuns').select('id').where('startedAt', '=', 1).execute()).toEqual([]),
  },
  {
    action: 'deliver-webhook',
    parameters: { operator: 'ops', message: 'Hello' },
    prepare: async ({ app, deliveries, victim }) => {
      const server = createServer((request, response) => {
        deliveries.push(request.headers['user-agent'] ?? '')
        if (victim.isDead) response.end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => server.closeAllConnections())
      onTestFinished(() => void server.close())
      const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      await app.jobEngine.operators.create({ name: 'ops', kind: 'webhook', target })
    },
    verify: async ({ deliveries }) => expect(deliveries.at(-1)).toBe('Mayfly'),
  },
]

test.each(CASES)(
  'killed in the middle of $action, the next run does what is left',
  async ({ action, parameters = {}, ...one }) => {
    const dataDir = temporaryFolder()
    const settings = { DATA_DIR: dataDir, WEBHOOK_PRIVATE_ADDRESSES: 'true' }
    const app = await makeApp(settings)
    const database = openDatabase({ kind: 'sqlite', file: join(dataDir, 'mayfly.db'), syncEachCommit: false })
    onTestFinished(database.close)
    const given: Given = { app, database, db: database.db, dataDir, deliveries: [], victim: { isDead: false } }
    const { control, jobs, agent } = app.jobEngine
    await control.setAgentEnabled(false) // only what the test starts
    const step = { name: 'the step', action, parameters }
    await one.prepare(given) // first: a job names an operator that exists
    await jobs.create({ name: 'killed', steps: [one.isRepeated ? { ...step, onSuccess: 1 } : step] })

    const { child, ended } = startCommand(['jobs', 'start', 'killed'], settings)
    await underWay(database.db, ended)
    child.kill('SIGKILL')
    await ended
    given.victim.isDead = true
    const { current } = await control.get('killed')
    expect(current?.outcome).toBe('in_progress')

    for (let look = 0; look < 14; look += 1) {
      await agent.tick()
      await app.letTimePass(5_000) // in all as long as the longest lease, of files whose writer died
    }
    expect(await control.getRun(current?.id as string)).toMatchObject({ run: { outcome: 'failed' } })
    const limits = action === 'verify-digests' ? {} : parameters
    await jobs.change('killed', { steps: [{ ...step, parameters: limits }] })
    const next = await control.start('killed', 'test')
    expect(await next.ended).toMatchObject({ outcome: one.ends ?? 'succeeded' })
    await one.verify(given)
  },
  120_000,
)

/** Resolves once a step has begun. */
async function underWay(db: Kysely<Schema>, ended: Promise<{ errors: string }>): Promise<void> {
  let end: { errors: string } | undefined
  void ended.then((how) => {
    end = how
  })
  for (;;) {
    const step = await db.selectFrom('jobStepRuns').select('id').where('finishedAt', 'is', null).executeTakeFirst()
    if (step) return
    if (end) throw new Error(`it ended before it could be killed: ${end.errors}`)
    await new Promise(setImmediate)
  }
}
