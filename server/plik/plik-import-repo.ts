import type { Account } from '../accounts/user.ts'
import type { Transact } from '../database/transact.ts'

export interface ImportedToken {
  id: string
  userId: string
  hash: string
  comment: string
  createdAt: number
}

export type PlikImportRepo = ReturnType<typeof createPlikImportRepo>

/** Accounts that an import writes. They are there once, however often it runs; who is there already stays as he is. */
export function createPlikImportRepo({ transact }: { transact: Transact }) {
  return {
    /** How many of them are new. */
    insertUsers: (accounts: readonly Account[]): Promise<number> =>
      transact(async (trx) => {
        let count = 0
        for (const account of accounts) {
          const { numInsertedOrUpdatedRows } = await trx
            .insertInto('users')
            .values(toUserRow(account))
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
          count += Number(numInsertedOrUpdatedRows ?? 0)
        }
        return count
      }),

    insertTokens: (tokens: readonly ImportedToken[]): Promise<number> =>
      transact(async (trx) => {
        let count = 0
        for (const { userId, createdAt, ...token } of tokens) {
          const { numInsertedOrUpdatedRows } = await trx
            .insertInto('tokens')
            .values({ ...token, user_id: userId, created_at: createdAt })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
          count += Number(numInsertedOrUpdatedRows ?? 0)
        }
        return count
      }),
  }
}

const toUserRow = (account: Account) => ({
  id: account.id,
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
  created_at: account.createdAt,
})
