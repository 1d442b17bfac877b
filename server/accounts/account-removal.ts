import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { Users } from './users.ts'

interface Dependencies {
  users: Users
  /** Takes away all that a user keeps here. */
  removeUploads: (owner: { userId: string }) => Promise<number>
}

export type AccountRemoval = ReturnType<typeof createAccountRemoval>

/** The end of an account, and of all that belongs to it. */
export function createAccountRemoval({ users, removeUploads }: Dependencies) {
  /** Killed midway, it can be repeated. Throws `not_found`. */
  async function remove(userId: string): Promise<void> {
    await users.get(userId)
    await removeUploads({ userId })
    await users.remove(userId)
    await removeUploads({ userId }) // what was created in between; from now on nothing is
  }

  return { remove }
}

/** Throws `bad_request`: users may not delete their own account here. */
export function assertMayLeave({ featureDeleteAccount }: Pick<Config, 'featureDeleteAccount'>): void {
  if (featureDeleteAccount === 'disabled') throw new AppError('account_deletion_disabled')
}
