import type { Row } from '../database/schema.ts'

/** An API token of a user. */
export type ApiToken = Row<'tokens'>

/** Sort keys of token lists; `size`: the current size of all files uploaded with it. */
export const TOKEN_SORTS = ['date', 'size', 'lifetimeSize'] as const
export type TokenSort = (typeof TOKEN_SORTS)[number]
