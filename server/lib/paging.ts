import { AppError } from './errors.ts'

/** Lists page by page, with a cursor: rows that are added or deleted meanwhile shift nothing. Pure. */

export interface Paging<Sort extends string = string> {
  limit: number
  order: 'asc' | 'desc'
  sort: Sort
  cursor: Cursor | undefined
}

/** The row before or after a page: its sort key and its id. */
export interface Cursor {
  side: 'before' | 'after'
  key: number
  id: string
}

/** `after` and `before` are cursors of the neighbouring pages, if they exist. */
export interface Page<T> {
  results: T[]
  after: string | null
  before: string | null
  /** The number of rows on all pages together. */
  total: number
}

/** A query of Plik's page or of scripts: numbers may be texts. */
export interface PagingQuery {
  limit?: unknown
  order?: unknown
  sort?: unknown
  before?: unknown
  after?: unknown
}

const DEFAULT_LIMIT = 20
/** A larger page is useless to people, and delays other requests. */
const MAX_LIMIT = 1_000

/** Throws `bad_request` in Plik's words (1.3.8, `server/middleware/paginate.go`). The first of `sorts` is the default. */
export function readPaging<Sort extends string>(query: PagingQuery, sorts: readonly [Sort, ...Sort[]]): Paging<Sort> {
  return {
    limit: readLimit(query.limit),
    order: oneOf(query.order, ['desc', 'asc'], 'order'),
    sort: oneOf(query.sort, sorts, 'sort'),
    cursor: readCursors(query),
  }
}

function readLimit(value: unknown): number {
  if (value === undefined || value === '') return DEFAULT_LIMIT
  const limit = Number(value)
  if (!Number.isSafeInteger(limit)) throw new AppError('page_size_not_whole', { value: JSON.stringify(value) })
  if (limit <= 0) throw new AppError('page_size_invalid')
  return Math.min(limit, MAX_LIMIT)
}

function oneOf<T extends string>(value: unknown, allowed: readonly [T, ...T[]], what: string): T {
  if (value === undefined || value === '') return allowed[0]
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw new AppError('choice_invalid', { field: what, names: allowed.join(', ') })
  return found
}

function readCursors({ before, after }: PagingQuery): Cursor | undefined {
  if (before && after) throw new AppError('two_cursors')
  if (before) return readCursor('before', before)
  return after ? readCursor('after', after) : undefined
}

function readCursor(side: Cursor['side'], text: unknown): Cursor {
  try {
    const [key, id] = JSON.parse(Buffer.from(String(text), 'base64url').toString()) as unknown[]
    if (Number.isSafeInteger(key) && typeof id === 'string' && !id.includes('\0'))
      return { side, key: key as number, id }
  } catch {
    // not a cursor of this server
  }
  throw new AppError('cursor_invalid')
}

/** Needs no escaping in a URL. */
export const writeCursor = ({ key, id }: Pick<Cursor, 'key' | 'id'>): string =>
  Buffer.from(JSON.stringify([key, id])).toString('base64url')

/** All rows of a list, oldest first, read page by page. */
export async function* everyRow<T>(read: (paging: Paging<'date'>) => Promise<Page<T>>): AsyncGenerator<T> {
  let after: string | null | undefined
  while (after !== null) {
    const page = await read(readPaging({ limit: MAX_LIMIT, order: 'asc', after }, ['date']))
    yield* page.results
    after = page.after
  }
}
