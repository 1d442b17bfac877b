/** A key to somebody's account for programs. `id` names it and opens nothing. */
export interface ApiToken {
  id: string
  hash: string
  userId: string
  comment: string
  createdAt: number
}

/** How lists of tokens may be sorted; `size`: by what they brought that is still here. */
export const TOKEN_SORTS = ['date', 'size', 'lifetimeSize'] as const
export type TokenSort = (typeof TOKEN_SORTS)[number]
