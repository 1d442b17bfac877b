import type { Kysely } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

export type AgentRepo = ReturnType<typeof createAgentRepo>

export interface Replica {
  id: string
  host: string
  startedAt: number
  seenAt: number
}

/** Whether the agent is to run, for all replicas, and which replicas are there to do it. */
export function createAgentRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async isEnabled(): Promise<boolean> {
      const { enabled } = await db.selectFrom('job_agent').select('enabled').executeTakeFirstOrThrow()
      return enabled === 1
    },

    setEnabled: (isEnabled: boolean): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('job_agent')
          .set({ enabled: isEnabled ? 1 : 0 })
          .execute()
      }),

    /** Notes that the replica is alive, and forgets those that were not seen since `before`. */
    seen: ({ id, host, startedAt, seenAt }: Replica, before: number): Promise<void> =>
      transact(async (trx) => {
        await trx
          .insertInto('job_replicas')
          .values({ id, host, started_at: startedAt, seen_at: seenAt })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: seenAt }))
          .execute()
        await trx.deleteFrom('job_replicas').where('seen_at', '<', before).execute()
      }),

    leave: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('job_replicas').where('id', '=', id).execute()
      }),

    async listReplicas(seenSince: number): Promise<Replica[]> {
      const rows = await db
        .selectFrom('job_replicas')
        .selectAll()
        .where('seen_at', '>=', seenSince)
        .orderBy('started_at')
        .execute()
      return rows.map((row) => ({ id: row.id, host: row.host, startedAt: row.started_at, seenAt: row.seen_at }))
    },
  }
}
