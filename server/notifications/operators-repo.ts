import type { Kysely, Selectable } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { OperatorsTable } from '../database/schema-jobs.ts'
import type { Transact } from '../database/transact.ts'
import type { Operator } from './operator.ts'

export type OperatorsRepo = ReturnType<typeof createOperatorsRepo>

/** Word of a run that is to reach an operator. */
export interface Notification {
  id: string
  runId: string
  operatorId: string
  /** Made so far. */
  attempts: number
  nextAttemptAt: number
}

/** Operators, and what is on its way to them. */
export function createOperatorsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  /** False: it is gone, or another has the name. */
  const change = (operator: Operator): Promise<boolean> =>
    transact(async (trx) => {
      const { id, ...row } = toRow(operator)
      const namesake = await trx
        .selectFrom('operators')
        .select('id')
        .where('name', '=', operator.name)
        .where('id', '<>', id)
        .executeTakeFirst()
      if (namesake) return false
      const { numUpdatedRows } = await trx.updateTable('operators').set(row).where('id', '=', id).executeTakeFirst()
      return numUpdatedRows === 1n
    })

  return {
    change,

    list: async (): Promise<Operator[]> =>
      (await db.selectFrom('operators').selectAll().orderBy('name').execute()).map(toOperator),

    async find(idOrName: string): Promise<Operator | undefined> {
      const row = await db
        .selectFrom('operators')
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .executeTakeFirst()
      return row && toOperator(row)
    },

    /** False: the name is taken. */
    insert: (operator: Operator): Promise<boolean> =>
      transact(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('operators')
          .values(toRow(operator))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      }),

    /** Jobs that had it notify nobody. */
    remove: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('jobs').set({ notify_on: 'never' }).where('operator_id', '=', id).execute()
        await trx.deleteFrom('operators').where('id', '=', id).execute()
      }),

    async listDue(now: number, limit: number): Promise<Notification[]> {
      const rows = await db
        .selectFrom('job_notifications')
        .selectAll()
        .where('status', '=', 'waiting')
        .where('next_attempt_at', '<=', now)
        .orderBy('next_attempt_at')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        id: row.id,
        runId: row.run_id,
        operatorId: row.operator_id,
        attempts: row.attempts,
        nextAttemptAt: row.next_attempt_at,
      }))
    },

    /** Takes an attempt: nobody else makes it, and it is made again after `until` unless it is settled. False: taken. */
    take: ({ id, attempts }: Notification, until: number): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('job_notifications')
          .set({ attempts: attempts + 1, next_attempt_at: until })
          .where('id', '=', id)
          .where('attempts', '=', attempts)
          .where('status', '=', 'waiting')
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    settle: (
      id: string,
      end: { status: 'sent' | 'failed' | 'waiting'; message: string; nextAttemptAt?: number },
    ): Promise<void> =>
      transact(async (trx) => {
        const { status, message, nextAttemptAt } = end
        await trx
          .updateTable('job_notifications')
          .set({ status, message, ...(nextAttemptAt === undefined ? {} : { next_attempt_at: nextAttemptAt }) })
          .where('id', '=', id)
          .execute()
      }),
  }
}

const toOperator = (row: Selectable<OperatorsTable>): Operator => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  target: row.target,
  secret: row.secret,
  isEnabled: row.enabled === 1,
})

const toRow = ({ isEnabled, ...operator }: Operator): Selectable<OperatorsTable> => ({
  ...operator,
  enabled: isEnabled ? 1 : 0,
})
