import type { Row } from '../database/schema.ts'

/** A key to somebody's account for programs. */
export type ApiToken = Row<'tokens'>

/** How lists of tokens may be sorted; `size`: by what they brought that is still here. */
export const TOKEN_SORTS = ['date', 'size', 'lifetimeSize'] as const
export type TokenSort = (typeof TOKEN_SORTS)[number]
