import type { Kysely } from 'kysely'
import { prepared } from '../database/prepared.ts'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { User } from './user.ts'
import { toAccount } from './users-repo.ts'

/** A key to somebody's account for programs. `id` names it and opens nothing. */
export interface ApiToken {
  id: string
  hash: string
  userId: string
  comment: string
  createdAt: number
}

export type TokensRepo = ReturnType<typeof createTokensRepo>

/** Every query on API tokens. */
export function createTokensRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  const tokenByHash = prepared(
    db,
    db
      .selectFrom('tokens')
      .innerJoin('users', 'users.id', 'tokens.user_id')
      .selectAll('users')
      .select('tokens.id as token_id')
      .where('tokens.hash', '=', ''),
  )

  return {
    async findTokenUser(hash: string): Promise<{ user: User; tokenId: string } | undefined> {
      const [row] = await tokenByHash(hash)
      return row && { user: toAccount(row), tokenId: row.token_id }
    },

    insertToken: ({ userId, createdAt, ...token }: ApiToken): Promise<void> =>
      transact(async (trx) => {
        const row = { ...token, user_id: userId, created_at: createdAt }
        await trx.insertInto('tokens').values(row).execute()
      }),
  }
}
