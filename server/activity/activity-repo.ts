import type { ExpressionBuilder, Kysely, Selectable } from 'kysely'
import { chunks } from '../database/chunks.ts'
import type { ActivityScope, ActivityTable, Schema, UsageTable } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

/** The subject of counts; `id` is empty for `server` and `anonymous`. */
export interface Subject {
  scope: ActivityScope
  id: string
}

export type Activity = Selectable<ActivityTable>
export type UsageCount = Selectable<UsageTable>

/** The `day` of the row with all-time counts. */
export const ALL_TIME = 0

export type ActivityRepo = ReturnType<typeof createActivityRepo>

/** Every query on what was counted. Rows are only ever added to. */
export function createActivityRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /** Adds to existing counts, in small steps that block no other request. No two rows of a list may have the same key. */
    async add(activity: readonly Activity[], usage: readonly UsageCount[]): Promise<void> {
      for (const rows of chunks(activity, ROWS_PER_STEP)) {
        await transact(async (trx) => {
          await trx
            .insertInto('activity')
            .values(rows)
            .onConflict((conflict) => conflict.columns(['scope', 'id', 'day']).doUpdateSet(sums))
            .execute()
        })
      }
      for (const rows of chunks(usage, ROWS_PER_STEP)) {
        await transact(async (trx) => {
          await trx
            .insertInto('lifetimeUsage')
            .values(rows)
            .onConflict((conflict) =>
              conflict
                .columns(['scope', 'id', 'counter'])
                .doUpdateSet((eb) => ({ value: eb('lifetimeUsage.value', '+', eb.ref('excluded.value')) })),
            )
            .execute()
        })
      }
    },

    /** All-time figures of those of `ids` that have any. */
    async totals(scope: ActivityScope, ids: readonly string[]): Promise<Activity[]> {
      const found: Activity[] = []
      for (const some of chunks(ids)) {
        const rows = db.selectFrom('activity').selectAll().where('scope', '=', scope).where('day', '=', ALL_TIME)
        found.push(...(await rows.where('id', 'in', some).execute()))
      }
      return found
    },

    /** The days from `since` on that had any activity. */
    days: ({ scope, id }: Subject, since: number): Promise<Activity[]> =>
      db
        .selectFrom('activity')
        .selectAll()
        .where('scope', '=', scope)
        .where('id', '=', id)
        .where('day', '>=', since)
        .execute(),

    usage: ({ scope, id }: Subject): Promise<UsageCount[]> =>
      db.selectFrom('lifetimeUsage').selectAll().where('scope', '=', scope).where('id', '=', id).execute(),

    /** Deletes days before `oldest`, and counts of deleted subjects. */
    prune: (oldest: number): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('activity').where('day', '<', oldest).where('day', '<>', ALL_TIME).execute()
        for (const [scope, table] of SUBJECTS) {
          const living = trx.selectFrom(table).select('id')
          await trx.deleteFrom('activity').where('scope', '=', scope).where('id', 'not in', living).execute()
          await trx.deleteFrom('lifetimeUsage').where('scope', '=', scope).where('id', 'not in', living).execute()
        }
      }),
  }
}

/** Subjects with counts of their own that can be deleted. */
const SUBJECTS = [
  ['upload', 'uploads'],
  ['file', 'files'],
  ['user', 'users'],
  ['token', 'tokens'],
] as const

/** SQLite writes in place, with the event loop: this is a few milliseconds. */
const ROWS_PER_STEP = 200

type Incoming = ExpressionBuilder<Schema & { excluded: ActivityTable }, 'activity' | 'excluded'>

function sums(eb: Incoming) {
  const sum = (column: 'downloads' | 'downloadedBytes' | 'uploads' | 'uploadedBytes') =>
    eb(`activity.${column}`, '+', eb.ref(`excluded.${column}`))
  const later = (column: 'lastDownloadAt' | 'lastUploadAt') =>
    eb
      .case()
      .when(`excluded.${column}`, '>', eb.ref(`activity.${column}`))
      .then(eb.ref(`excluded.${column}`))
      .else(eb.ref(`activity.${column}`))
      .end()
  return {
    downloads: sum('downloads'),
    downloadedBytes: sum('downloadedBytes'),
    uploads: sum('uploads'),
    uploadedBytes: sum('uploadedBytes'),
    lastDownloadAt: later('lastDownloadAt'),
    lastUploadAt: later('lastUploadAt'),
  }
}
