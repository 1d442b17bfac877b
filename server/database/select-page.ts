import type { Kysely, SelectQueryBuilder } from 'kysely'
import { type Page, type Paging, writeCursor } from '../paging.ts'
import type { Schema } from './schema.ts'

/** What a page is made of before its rows are fetched. */
interface Entry {
  id: string
  /** What the list is sorted by; ties are broken by the id. */
  sort_key: number
}

/** The ids of one page of `entries`, in order, and the way to its neighbours. */
export async function selectPage(
  db: Kysely<Schema>,
  entries: SelectQueryBuilder<Schema, never, Entry>,
  { limit, order, cursor }: Paging,
): Promise<Page<string>> {
  const isBackward = cursor?.side === 'before'
  const direction = isBackward === (order === 'asc') ? 'desc' : 'asc'
  const beyond = direction === 'asc' ? '>' : '<'
  let query = db.selectFrom(entries.as('entry')).select(['id', 'sort_key'])
  if (cursor) {
    const { key, id } = cursor
    query = query.where((eb) =>
      eb.or([eb('sort_key', beyond, key), eb.and([eb('sort_key', '=', key), eb('id', beyond, id)])]),
    )
  }
  const rows = await query
    .orderBy('sort_key', direction)
    .orderBy('id', direction)
    .limit(limit + 1) // one more tells whether there is more
    .execute()
  const page = rows.slice(0, limit)
  if (isBackward) page.reverse()
  const { total } = await db
    .selectFrom(entries.as('entry'))
    .select(({ fn }) => fn.countAll().as('total'))
    .executeTakeFirstOrThrow()
  const hasMore = rows.length > limit
  const cursorOf = (entry: Entry | undefined) =>
    entry ? writeCursor({ key: Number(entry.sort_key), id: entry.id }) : null
  return {
    results: page.map(({ id }) => id),
    before: (isBackward ? hasMore : cursor !== undefined) ? cursorOf(page[0]) : null,
    after: isBackward || hasMore ? cursorOf(page.at(-1)) : null,
    total: Number(total),
  }
}
