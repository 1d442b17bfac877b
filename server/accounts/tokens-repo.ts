import { type ExpressionBuilder, type Kysely, type Selectable, sql } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Schema, TokensTable } from '../database/schema.ts'
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

    /** One of the user's own. */
    async findToken(userId: string, id: string): Promise<ApiToken | undefined> {
      const row = await db
        .selectFrom('tokens')
        .selectAll()
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return row && toToken(row)
    },

    /** Those of one user, or of all. */
    async listTokens(userId: string | undefined, paging: Paging<TokenSort>): Promise<Page<ApiToken>> {
      let entries = db
        .selectFrom('tokens')
        .select((eb) => ['tokens.id', sortKey(eb, paging.sort).as('sort_key'), eb.lit(1).as('weight')])
      if (userId !== undefined) entries = entries.where('user_id', '=', userId)
      const { results, ...rest } = await selectPage(db, entries, paging)
      return { ...rest, results: await tokensOf(db, results) }
    },

    /** Of one user, or whoever's it is. False: there is no such token. */
    deleteToken: (userId: string | undefined, id: string): Promise<boolean> =>
      transact(async (trx) => {
        let query = trx.deleteFrom('tokens').where('id', '=', id)
        if (userId !== undefined) query = query.where('user_id', '=', userId)
        const { numDeletedRows } = await query.executeTakeFirst()
        return numDeletedRows === 1n
      }),

    insertToken: ({ userId, createdAt, ...token }: ApiToken): Promise<void> =>
      transact(async (trx) => {
        const row = { ...token, user_id: userId, created_at: createdAt }
        await trx.insertInto('tokens').values(row).execute()
      }),
  }
}

function sortKey(eb: ExpressionBuilder<Schema, 'tokens'>, sort: TokenSort) {
  if (sort === 'date') return eb.ref('tokens.created_at')
  if (sort === 'lifetimeSize') {
    const received = eb
      .selectFrom('lifetime_usage')
      .select('lifetime_usage.value')
      .where('lifetime_usage.scope', '=', 'token')
      .where('lifetime_usage.counter', '=', 'totalSize')
      .whereRef('lifetime_usage.id', '=', 'tokens.id')
    return eb.fn.coalesce(received, sql<number>`0`)
  }
  return eb.fn.coalesce(
    eb
      .selectFrom('uploads')
      .innerJoin('files', 'files.upload_id', 'uploads.id')
      .select(({ fn }) => fn.sum<number>('files.size').as('size'))
      .whereRef('uploads.token_id', '=', 'tokens.id')
      .where('uploads.status', '=', 'active')
      .where('files.status', '=', 'uploaded'),
    sql<number>`0`,
  )
}

async function tokensOf(db: Kysely<Schema>, ids: readonly string[]): Promise<ApiToken[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('tokens').selectAll().where('id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, toToken(row)]))
  return ids.flatMap((id) => byId.get(id) ?? []) // one may have gone meanwhile
}

const toToken = ({ user_id, created_at, ...row }: Selectable<TokensTable>): ApiToken => ({
  ...row,
  userId: user_id,
  createdAt: created_at,
})
