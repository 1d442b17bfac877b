import type { Kysely } from 'kysely'
import type { Row, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { Operator } from './operator.ts'

export type OperatorsRepo = ReturnType<typeof createOperatorsRepo>

/** A notification of a run for an operator. */
export type Notification = Row<'jobNotifications'>

/** Operators, and their undelivered notifications. */
export function createOperatorsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  /** Returns false if it was deleted, or another operator has the name. */
  const change = ({ id, ...row }: Operator): Promise<boolean> =>
    transact(async (trx) => {
      const namesake = await trx
        .selectFrom('operators')
        .select('id')
        .where('name', '=', row.name)
        .where('id', '<>', id)
        .executeTakeFirst()
      if (namesake) return false
      const { numUpdatedRows } = await trx.updateTable('operators').set(row).where('id', '=', id).executeTakeFirst()
      return numUpdatedRows === 1n
    })

  return {
    change,

    list: (): Promise<Operator[]> => db.selectFrom('operators').selectAll().orderBy('name').execute(),

    find: (idOrName: string): Promise<Operator | undefined> =>
      db
        .selectFrom('operators')
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .executeTakeFirst(),

    /** Returns false if the name is taken. */
    insert: (operator: Operator): Promise<boolean> =>
      transact(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('operators')
          .values(operator)
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      }),

    /** Its jobs then notify no operator. */
    remove: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('jobs').set({ notifyOn: 'never' }).where('operatorId', '=', id).execute()
        await trx.deleteFrom('operators').where('id', '=', id).execute()
      }),

    listDue: (now: number, limit: number): Promise<Notification[]> =>
      db
        .selectFrom('jobNotifications')
        .selectAll()
        .where('status', '=', 'waiting')
        .where('nextAttemptAt', '<=', now)
        .orderBy('nextAttemptAt')
        .limit(limit)
        .execute(),

    /**
     * Claims an attempt for this process; it is repeated after `until` unless it is settled. Returns false if another
     * process claimed it.
     */
    take: ({ id, attempts }: Notification, until: number): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('jobNotifications')
          .set({ attempts: attempts + 1, nextAttemptAt: until })
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
        await trx.updateTable('jobNotifications').set(end).where('id', '=', id).execute()
      }),
  }
}
