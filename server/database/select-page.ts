import type { Kysely, SelectQueryBuilder } from 'kysely'
import { type Page, type Paging, writeCursor } from '../lib/paging.ts'
import type { Schema } from './schema.ts'

/** What a page is made of before its rows are fetched. */
interface Entry {
  id: string
  /** What the list is sorted by; ties are broken by the id. */
  sortKey: number
  /** Rows that are fetched for it. */
  weight: number
}

/** A page ends early rather than have more, unless it is a single entry: answers must not take seconds, nor 100 MB. */
const MAX_ROWS = 1_000

/** The ids of one page of `entries`, in order, and the way to its neighbours. It may be shorter than its limit. */
export async function selectPage(
  db: Kysely<Schema>,
  entries: SelectQueryBuilder<Schema, never, Entry>,
  { limit, order, cursor }: Paging,
): Promise<Page<string>> {
  const isBackward = cursor?.side === 'before'
  const direction = isBackward === (order === 'asc') ? 'desc' : 'asc'
  const beyond = direction === 'asc' ? '>' : '<'
  let query = db.selectFrom(entries.as('entry')).select(['id', 'sortKey', 'weight'])
  if (cursor) {
    const { key, id } = cursor
    query = query.where((eb) =>
      eb.or([eb('sortKey', beyond, key), eb.and([eb('sortKey', '=', key), eb('id', beyond, id)])]),
    )
  }
  const rows = await query
    .orderBy('sortKey', direction)
    .orderBy('id', direction)
    .limit(limit + 1) // one more tells whether there is more
    .execute()
  const page = rows.slice(0, Math.min(limit, countFitting(rows)))
  if (isBackward) page.reverse()
  const { total } = await db
    .selectFrom(entries.as('entry'))
    .select(({ fn }) => fn.countAll().as('total'))
    .executeTakeFirstOrThrow()
  const hasMore = rows.length > page.length
  const cursorOf = (entry: Entry | undefined) =>
    entry ? writeCursor({ key: Number(entry.sortKey), id: entry.id }) : null
  return {
    results: page.map(({ id }) => id),
    before: (isBackward ? hasMore : cursor !== undefined) ? cursorOf(page[0]) : null,
    after: isBackward || hasMore ? cursorOf(page.at(-1)) : null,
    total: Number(total),
  }
}

/** How many of `entries` have at most `MAX_ROWS` rows together. */
function countFitting(entries: Entry[]): number {
  let rows = 0
  const tooMuch = entries.findIndex(({ weight }, index) => {
    rows += weight
    return index > 0 && rows > MAX_ROWS
  })
  return tooMuch === -1 ? entries.length : tooMuch
}
