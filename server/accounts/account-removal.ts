import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { Users } from './users.ts'

interface Dependencies {
  users: Users
  /** Removes all uploads of a user. */
  removeUploads: (owner: { userId: string }) => Promise<number>
}

export type AccountRemoval = ReturnType<typeof createAccountRemoval>

/** Deletes accounts with all their data. */
export function createAccountRemoval({ users, removeUploads }: Dependencies) {
  /** May be killed and repeated. Throws `not_found`. */
  async function remove(userId: string): Promise<void> {
    await users.get(userId)
    await removeUploads({ userId })
    await users.remove(userId)
    await removeUploads({ userId }) // removes uploads created meanwhile; without an account there can't be any more
  }

  return { remove }
}

/** Throws `bad_request` if users may not delete their own account. */
export function assertMayLeave({ featureDeleteAccount }: Pick<Config, 'featureDeleteAccount'>): void {
  if (featureDeleteAccount === 'disabled') throw new AppError('account_deletion_disabled')
}
