import type { Transact } from '../database/transact.ts'
import type { ApiToken } from './api-token.ts'
import type { Account } from './user.ts'
import { toUserRow } from './users-repo.ts'

/** Imported accounts: each of them is imported once, however often the import runs; existing accounts are not changed. */
export function createAccountsImportRepo({ transact }: { transact: Transact }) {
  return {
    /** Returns the number of new accounts. */
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

    insertTokens: (tokens: readonly ApiToken[]): Promise<number> =>
      transact(async (trx) => {
        let count = 0
        for (const token of tokens) {
          const { numInsertedOrUpdatedRows } = await trx
            .insertInto('tokens')
            .values(token)
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
          count += Number(numInsertedOrUpdatedRows ?? 0)
        }
        return count
      }),
  }
}
