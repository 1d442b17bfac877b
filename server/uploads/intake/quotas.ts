import { type Limits, limitsOf } from '../../accounts/account-rules.ts'
import type { Caller } from '../../accounts/caller.ts'
import type { User } from '../../accounts/user.ts'
import type { Config } from '../../config/config.ts'
import type { Trx } from '../../database/transact.ts'
import type { Clock } from '../../lib/clock.ts'
import { AppError, reworded } from '../../lib/errors.ts'
import type { StoredFile, Upload } from '../upload.ts'
import type { UploadsRepo } from '../uploads-repo.ts'
import { tooLarge } from './file-intake.ts'
import { limitBytes } from './limit-bytes.ts'

/** The limits of an upload, and the user whose quota it uses. */
export interface Budget extends Limits {
  /** Null: an anonymous upload, which has no total limit. */
  userId: string | null
  /** A guest uses it, and error messages must not reveal the owner's quota. */
  isSecret: boolean
  /** Of files of the same upload that have no row yet. */
  unrecordedBytes: number
}

interface Dependencies {
  repo: UploadsRepo
  findUser: (id: string) => Promise<User | undefined>
  clock: Clock
  config: Pick<Config, 'maxFileSizeBytes' | 'maxUserSizeBytes' | 'maxTtlSeconds' | 'maxDeclaredFiles'>
}

/** Declared files may arrive before the client retries. */
const MISSING_RETRY_SECONDS = 60

export type Quotas = ReturnType<typeof createQuotas>

/**
 * Quotas of users. An upload always counts against the quota of its owner, also when others add to it; Plik's own count
 * can be bypassed by sending only the upload token (1.3.8). Checks before the transfer save a useless upload; the
 * transaction that sets a file to `uploaded` decides, so that parallel uploads can't exceed a limit together.
 */
export function createQuotas({ repo, findUser, clock, config }: Dependencies) {
  const budgetFor = (user: User | undefined): Budget => ({
    userId: user?.id ?? null,
    ...limitsOf(user, config),
    isSecret: false,
    unrecordedBytes: 0,
  })

  async function budgetOf({ userId }: Pick<Upload, 'userId'>, { isSecret = false } = {}): Promise<Budget> {
    return { ...budgetFor(userId === null ? undefined : await findUser(userId)), isSecret }
  }

  /** Passes bytes on while the quota has room for them; then throws `too_large`. */
  async function within(budget: Budget, bytes: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
    return limitBytes(bytes, await roomOf(budget), () => exceeded(budget))
  }

  /**
   * The current size limit for one more file. The reservations of the unfinished uploads `except` are not counted, here
   * and below, because the file is made from them.
   */
  async function limitOf(budget: Budget, except?: readonly string[]): Promise<number> {
    return Math.min(budget.maxFileSizeBytes, await roomOf(budget, except))
  }

  /** Throws `too_large` if one more file of that size would currently be rejected. */
  async function assertFits(budget: Budget, bytes: number, except?: readonly string[]): Promise<void> {
    if (bytes > budget.maxFileSizeBytes) throw tooLarge(budget.maxFileSizeBytes)
    if (bytes > (await roomOf(budget, except))) throw exceeded(budget)
  }

  /**
   * Called in the transaction that reserves the bytes; until it ends, no other transaction can reserve any for the same
   * user. Throws `too_large`.
   */
  async function assertRoom(trx: Trx, budget: Budget, bytes: number, except: readonly string[]): Promise<void> {
    if (!(await repo.fits(trx, budget, bytes, clock(), except))) throw exceeded(budget)
  }

  /** Returns 0 for a user who is over the quota, as after it was lowered. */
  async function roomOf(
    { userId, maxUserSizeBytes, unrecordedBytes }: Budget,
    except?: readonly string[],
  ): Promise<number> {
    if (userId === null || maxUserSizeBytes === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
    return Math.max(0, maxUserSizeBytes - unrecordedBytes - (await repo.usedBytes(userId, clock(), except)))
  }

  /**
   * Stores an upload with its declared files. Throws `too_large`; `too_many_requests`: too many declared files of the
   * caller are missing; `forbidden`: its user was deleted.
   */
  async function insertUpload(upload: Upload, files: readonly StoredFile[], caller: Caller): Promise<void> {
    const budget = budgetFor(caller.user)
    const declarer = { id: caller.user?.id ?? caller.network, maxMissing: config.maxDeclaredFiles }
    const outcome = await repo.insertUpload(upload, files, budget, declarer)
    if (outcome === 'too_many_missing')
      throw new AppError(
        'too_many_missing_files',
        { max: config.maxDeclaredFiles },
        { retryAfterSeconds: MISSING_RETRY_SECONDS },
      )
    if (outcome === 'over_quota') {
      const refused = exceeded(budget)
      throw reworded(refused, `unable to create upload : ${refused.message}`)
    }
    if (outcome === 'no_user') throw new AppError('session_user_missing')
  }

  return { budgetFor, budgetOf, limitOf, assertFits, assertRoom, within, insertUpload }
}

export function exceeded({ maxUserSizeBytes, isSecret }: Budget): AppError {
  if (isSecret) return new AppError('no_room_for_file')
  return new AppError('quota_exceeded', { max: maxUserSizeBytes })
}
