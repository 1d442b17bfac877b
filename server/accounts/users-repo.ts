import type { Kysely, Selectable } from 'kysely'
import { prepared } from '../database/prepared.ts'
import type { Schema, UsersTable } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { Account, Provider } from './user.ts'

export type UsersRepo = ReturnType<typeof createUsersRepo>

/** Every query on users alone. */
export function createUsersRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  const userById = prepared(db, db.selectFrom('users').selectAll().where('id', '=', ''))

  return {
    async findUser(id: string): Promise<Account | undefined> {
      if (id.includes('\0')) return undefined // PostgreSQL fails on it
      const [row] = await userById(id)
      return row && toAccount(row)
    },

    /** False: there is one with this id already. */
    insertUser: (account: Account): Promise<boolean> =>
      transact(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('users')
          .values({ id: account.id, created_at: account.createdAt, ...columnsOf(account) })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      }),

    /** False: there is no such user. */
    updateUser: (account: Account): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('users')
          .set(columnsOf(account))
          .where('id', '=', account.id)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** Sessions, tokens and pending logins go with it. False: there was no such user. */
    deleteUser: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('users').where('id', '=', id).executeTakeFirst()
        return numDeletedRows === 1n
      }),
  }
}

const columnsOf = (account: Account) => ({
  provider: account.provider,
  login: account.login,
  name: account.name,
  email: account.email,
  password_hash: account.passwordHash,
  is_admin: account.isAdmin ? (1 as const) : (0 as const),
  max_file_size: account.maxFileSizeBytes,
  max_user_size: account.maxUserSizeBytes,
  max_ttl_seconds: account.maxTtlSeconds,
  theme: account.theme,
  language: account.language,
})

export function toAccount(row: Selectable<UsersTable>): Account {
  return {
    id: row.id,
    provider: row.provider as Provider,
    login: row.login,
    name: row.name,
    email: row.email,
    passwordHash: row.password_hash,
    isAdmin: row.is_admin === 1,
    maxFileSizeBytes: row.max_file_size,
    maxUserSizeBytes: row.max_user_size,
    maxTtlSeconds: row.max_ttl_seconds,
    theme: row.theme,
    language: row.language,
    createdAt: row.created_at,
  }
}
