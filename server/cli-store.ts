import { AppError } from './errors.ts'
import { table } from './table.ts'
import type { StoreOwnership } from './uploads/store-ownership.ts'

/** `mayfly store …`: whether the database and the stored files belong together. */

export const STORE_USAGE = `  store                             show whether the database and the stored files belong together
  store adopt                       make the stored files those of this database; any other stops deleting them`

interface Command {
  ownership: StoreOwnership
  asJson: boolean
  print: (text: string) => number
}

/** Returns the exit code; undefined: not understood. */
export async function storeCommand(args: string[], { ownership, asJson, print }: Command): Promise<number | undefined> {
  const [verb = 'show', ...rest] = args
  if (rest.length > 0 || !['show', 'adopt'].includes(verb)) return undefined
  if (verb === 'adopt') await ownership.adopt()
  const refusal = await ownership.assertOwned().then(() => undefined, messageOfConflict)
  const { database = '-', store = '-' } = await ownership.readIds()
  if (asJson) print(`${JSON.stringify({ database, store, isOwned: refusal === undefined })}\n`)
  else print(`${table(['DATABASE', 'STORED FILES'], [[database, store]])}${refusal ?? 'They belong together.'}\n`)
  return refusal === undefined ? 0 : 1
}

function messageOfConflict(error: unknown): string {
  if (error instanceof AppError && error.code === 'conflict') return error.message
  throw error
}
