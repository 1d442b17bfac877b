import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Schema } from '../database/schema.ts'
import { selectPage } from '../database/select-page.ts'
import type { Page, Paging } from '../lib/paging.ts'
import type { ApiToken, TokenSort } from './api-token.ts'
import type { User } from './user.ts'
import { toAccount } from './users-repo.ts'

export type TokensRepo = ReturnType<typeof createTokensRepo>

/** Every query on API tokens. */
export function createTokensRepo({ db, prepare, transact }: Pick<Database, 'db' | 'prepare' | 'transact'>) {
  const tokenByHash = prepare(
    db
      .selectFrom('tokens')
      .innerJoin('users', 'users.id', 'tokens.userId')
      .selectAll('users')
      .select('tokens.id as tokenId')
      .where('tokens.hash', '=', ({ selectFrom }) => selectFrom('tokens').select('hash').where('hash', '=', '')),
  )

  return {
    async findTokenUser(hash: string): Promise<{ user: User; tokenId: string } | undefined> {
      const [row] = await tokenByHash(hash)
      if (!row) return undefined
      const { tokenId, ...user } = row
      return { user: toAccount(user), tokenId }
    },

    /** A token of this user. */
    findToken: (userId: string, id: string): Promise<ApiToken | undefined> =>
      db.selectFrom('tokens').selectAll().where('id', '=', id).where('userId', '=', userId).executeTakeFirst(),

    /** The tokens of one user, or of all users. */
    async listTokens(userId: string | undefined, paging: Paging<TokenSort>): Promise<Page<ApiToken>> {
      let entries = db
        .selectFrom('tokens')
        .select((eb) => ['tokens.id', sortKey(eb, paging.sort).as('sortKey'), eb.lit(1).as('weight')])
      if (userId !== undefined) entries = entries.where('userId', '=', userId)
      const { results, ...rest } = await selectPage(db, entries, paging)
      return { ...rest, results: await tokensOf(db, results) }
    },

    /** Belongs to the given user, if set. Returns false if the token does not exist. */
    deleteToken: (userId: string | undefined, id: string): Promise<boolean> =>
      transact(async (trx) => {
        let query = trx.deleteFrom('tokens').where('id', '=', id)
        if (userId !== undefined) query = query.where('userId', '=', userId)
        const { numDeletedRows } = await query.executeTakeFirst()
        return numDeletedRows === 1n
      }),

    insertToken: (token: ApiToken): Promise<void> =>
      transact(async (trx) => {
        await trx.insertInto('tokens').values(token).execute()
      }),
  }
}

function sortKey(eb: ExpressionBuilder<Schema, 'tokens'>, sort: TokenSort) {
  if (sort === 'date') return eb.ref('tokens.createdAt')
  if (sort === 'lifetimeSize') {
    const received = eb
      .selectFrom('lifetimeUsage')
      .select('lifetimeUsage.value')
      .where('lifetimeUsage.scope', '=', 'token')
      .where('lifetimeUsage.counter', '=', 'totalSize')
      .whereRef('lifetimeUsage.id', '=', 'tokens.id')
    return eb.fn.coalesce(received, sql<number>`0`)
  }
  return eb.fn.coalesce(
    eb
      .selectFrom('uploads')
      .innerJoin('files', 'files.uploadId', 'uploads.id')
      .select(({ fn }) => fn.sum<number>('files.size').as('size'))
      .whereRef('uploads.tokenId', '=', 'tokens.id')
      .where('uploads.status', '=', 'active')
      .where('files.status', '=', 'uploaded'),
    sql<number>`0`,
  )
}

async function tokensOf(db: Kysely<Schema>, ids: readonly string[]): Promise<ApiToken[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('tokens').selectAll().where('id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? []) // one may have gone meanwhile
}
