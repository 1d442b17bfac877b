import type { Command } from 'commander'
import { AppError } from '../lib/errors.ts'
import type { StoreOwnership } from '../uploads/store-ownership.ts'
import type { Answer, Runner } from './command.ts'
import { table } from './table.ts'

/** `mayfly store …`: whether the database and the stored files belong together. */
export function addStoreCommands(program: Command, { withServices }: Runner): void {
  const store = program.command('store').description('whether the database and the stored files belong together')
  store
    .command('show', { isDefault: true })
    .description('show the ids of both; exit code 1 if they differ (default)')
    .action(withServices(({ storeOwnership }) => show(storeOwnership)))
  store
    .command('adopt')
    .description('assign the stored files to this database; servers with any other database stop deleting them')
    .action(
      withServices(async ({ storeOwnership }) => {
        await storeOwnership.adopt()
        return show(storeOwnership)
      }),
    )
}

async function show(ownership: StoreOwnership): Promise<Answer> {
  const refusal = await ownership.assertOwned().then(() => undefined, messageOfConflict)
  const { database = '-', store = '-' } = await ownership.readIds()
  const isOwned = refusal === undefined
  return {
    json: { database, store, isOwned },
    text: `${table(['DATABASE', 'STORED FILES'], [[database, store]])}${refusal ?? 'They belong together.'}\n`,
    exitCode: isOwned ? 0 : 1,
  }
}

function messageOfConflict(error: unknown): string {
  if (error instanceof AppError && error.kind === 'conflict') return error.message
  throw error
}
