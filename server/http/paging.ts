import type { FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { type Paging, type PagingQuery, readPaging } from '../lib/paging.ts'

/** Reads the requested page from the query, or from a JSON header, which replaces all of the query except the sorting. */
export function pagingOf<Sort extends string>(
  { query, headers }: FastifyRequest,
  sorts: readonly [Sort, ...Sort[]],
): Paging<Sort> {
  const header = headers['x-plik-paging']
  const asked = query as PagingQuery
  if (header === undefined) return readPaging(asked, sorts)
  return readPaging({ ...readHeader(String(header)), sort: asked.sort }, sorts)
}

function readHeader(text: string): PagingQuery {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // invalid JSON is treated like invalid values
  }
  throw new AppError('paging_header_invalid')
}

/** A query parameter that is `true`, `false` or missing. */
export function flagOf({ query }: FastifyRequest, name: string): boolean | undefined {
  const text = textOf(query, name)
  if (text === undefined) return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  throw new AppError('truth_value_invalid', { field: name })
}

/** A query parameter; empty is the same as missing. Throws `bad_request` for texts that can't occur in stored data. */
export function textOf(query: unknown, name: string): string | undefined {
  const value = (query as Record<string, string | string[] | undefined>)[name]
  const text = Array.isArray(value) ? value.at(-1) : value
  if (text?.includes('\0')) throw new AppError('nul_character', { field: name })
  return text || undefined
}
