import type { Kysely } from 'kysely'
import type { Row, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

export type AgentRepo = ReturnType<typeof createAgentRepo>

export type Replica = Row<'jobReplicas'>

/** Whether the agent is enabled on all replicas, and which replicas are running. */
export function createAgentRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async isEnabled(): Promise<boolean> {
      return (await db.selectFrom('jobAgent').select('isEnabled').executeTakeFirstOrThrow()).isEnabled
    },

    setEnabled: (isEnabled: boolean): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('jobAgent').set({ isEnabled }).execute()
      }),

    /** Notes that the replica is alive, and forgets those that were not seen since `before`. */
    seen: (replica: Replica, before: number): Promise<void> =>
      transact(async (trx) => {
        await trx
          .insertInto('jobReplicas')
          .values(replica)
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ seenAt: replica.seenAt }))
          .execute()
        await trx.deleteFrom('jobReplicas').where('seenAt', '<', before).execute()
      }),

    leave: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('jobReplicas').where('id', '=', id).execute()
      }),

    listReplicas: (seenSince: number): Promise<Replica[]> =>
      db.selectFrom('jobReplicas').selectAll().where('seenAt', '>=', seenSince).orderBy('startedAt').execute(),
  }
}
