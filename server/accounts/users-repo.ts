import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { contains } from '../database/contains.ts'
import type { Database } from '../database/open-database.ts'
import type { Row, Schema } from '../database/schema.ts'
import { selectPage } from '../database/select-page.ts'
import type { Page, Paging } from '../lib/paging.ts'
import type { Account, Provider, User, UserFilter, UserSort } from './user.ts'

export type UsersRepo = ReturnType<typeof createUsersRepo>

/** Every query on users alone. */
export function createUsersRepo({ db, prepare, transact }: Pick<Database, 'db' | 'prepare' | 'transact'>) {
  const userById = prepare(db.selectFrom('users').selectAll().where('id', '=', ''))

  return {
    async findUser(id: string): Promise<Account | undefined> {
      if (id.includes('\0')) return undefined // PostgreSQL fails on it
      const [row] = await userById(id)
      return row && toAccount(row)
    },

    async listUsers(filter: UserFilter, paging: Paging<UserSort>): Promise<Page<User>> {
      const entries = filtered(db, filter).select((eb) => [
        'users.id',
        sortKey(eb, paging.sort).as('sortKey'),
        eb.lit(1).as('weight'),
      ])
      const { results, ...rest } = await selectPage(db, entries, paging)
      return { ...rest, results: await usersOf(db, results) }
    },

    /** Users with `text` in their name, login or mail address, ignoring case. */
    async searchUsers(text: string, filter: UserFilter, limit: number): Promise<User[]> {
      const rows = await filtered(db, filter)
        .selectAll()
        .where((eb) => eb.or((['id', 'login', 'name', 'email'] as const).map((column) => contains(column, text))))
        .orderBy('login')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(toAccount)
    },

    async countUsers(): Promise<number> {
      const { count } = await db
        .selectFrom('users')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    /** An imported password hash that was not replaced yet by a login; undefined if there is none. */
    async findImportedHash(): Promise<string | undefined> {
      const row = await db
        .selectFrom('users')
        .select('passwordHash')
        .where('passwordHash', 'like', '$2%')
        .limit(1)
        .executeTakeFirst()
      return row?.passwordHash ?? undefined
    },

    /** The same password, hashed anew; unless it was changed meanwhile. */
    replacePasswordHash: (id: string, from: string, to: string): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('users')
          .set({ passwordHash: to })
          .where('id', '=', id)
          .where('passwordHash', '=', from)
          .execute()
      }),

    /** Returns false if a user with this id exists. */
    insertUser: (account: Account): Promise<boolean> =>
      transact(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('users')
          .values(toUserRow(account))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      }),

    /** Changes only the given fields, since other requests may change others. Returns undefined if the user does not exist. */
    updateUser: (id: string, changes: Partial<Account>): Promise<Account | undefined> =>
      transact(async (trx) => {
        const user = trx.updateTable('users').where('id', '=', id)
        await user.set(({ ref }) => ({ isAdmin: ref('isAdmin') })).execute() // locks the row on both databases
        const row = await trx.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
        if (!row) return undefined
        const changed = { ...toAccount(row), ...changes }
        await user.set(toUserRow(changed)).execute()
        return changed
      }),

    /** Also deletes sessions, tokens and pending logins. Returns false if the user does not exist. */
    deleteUser: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('users').where('id', '=', id).executeTakeFirst()
        return numDeletedRows === 1n
      }),
  }
}

function filtered(db: Kysely<Schema>, { provider, isAdmin }: UserFilter) {
  let query = db.selectFrom('users')
  if (provider !== undefined) query = query.where('provider', '=', provider as Provider)
  if (isAdmin !== undefined) query = query.where('isAdmin', '=', isAdmin)
  return query
}

function sortKey(eb: ExpressionBuilder<Schema, 'users'>, sort: UserSort) {
  if (sort === 'date') return eb.ref('users.createdAt')
  if (sort === 'lifetimeSize') {
    const received = eb
      .selectFrom('lifetimeUsage')
      .select('lifetimeUsage.value')
      .where('lifetimeUsage.scope', '=', 'user')
      .where('lifetimeUsage.counter', '=', 'totalSize')
      .whereRef('lifetimeUsage.id', '=', 'users.id')
    return eb.fn.coalesce(received, sql<number>`0`)
  }
  if (sort === 'downloadedBytes') {
    const sent = eb
      .selectFrom('activity')
      .select('activity.downloadedBytes')
      .where('activity.scope', '=', 'user')
      .where('activity.day', '=', 0)
      .whereRef('activity.id', '=', 'users.id')
    return eb.fn.coalesce(sent, sql<number>`0`)
  }
  return eb.fn.coalesce(
    eb
      .selectFrom('uploads')
      .innerJoin('files', 'files.uploadId', 'uploads.id')
      .select(({ fn }) => fn.sum<number>('files.size').as('size'))
      .whereRef('uploads.userId', '=', 'users.id')
      .where('uploads.status', '=', 'active')
      .where('files.status', '=', 'uploaded'),
    sql<number>`0`,
  )
}

async function usersOf(db: Kysely<Schema>, ids: readonly string[]): Promise<User[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('users').selectAll().where('id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, toAccount(row)]))
  return ids.flatMap((id) => byId.get(id) ?? []) // one may have gone meanwhile
}

export const toUserRow = ({ maxFileSizeBytes, maxUserSizeBytes, ...account }: Account): Row<'users'> => ({
  ...account,
  maxFileSize: maxFileSizeBytes,
  maxUserSize: maxUserSizeBytes,
})

export const toAccount = ({ maxFileSize, maxUserSize, ...row }: Row<'users'>): Account => ({
  ...row,
  maxFileSizeBytes: maxFileSize,
  maxUserSizeBytes: maxUserSize,
})
