import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('claims')
    .addColumn('handovers', 'text', (c) => c.notNull().defaultTo('[]')) // JSON: [{ transfer, first, last }, …]
    .execute()
}
