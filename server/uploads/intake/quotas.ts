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

/** On whose account an upload goes, and how much may. */
export interface Budget extends Limits {
  /** Null: nobody's, and then there is no total. */
  userId: string | null
  /** A guest uses it, and must not learn how much it is. */
  isSecret: boolean
}

interface Dependencies {
  repo: UploadsRepo
  findUser: (id: string) => Promise<User | undefined>
  clock: Clock
  config: Pick<Config, 'maxFileSizeBytes' | 'maxUserSizeBytes' | 'maxTtlSeconds' | 'maxDeclaredFiles'>
}

/** Files that were declared before are on their way meanwhile. */
const MISSING_RETRY_SECONDS = 60

export type Quotas = ReturnType<typeof createQuotas>

/**
 * What users may keep here. It is the owner of an upload who pays, whoever adds to it: Plik's own count is passed by
 * showing nothing but the upload token (1.3.8). What is checked before the bytes come saves them the way; what counts is
 * decided by the transaction that makes a file `uploaded`, so that parallel uploads can't pass a limit together.
 */
export function createQuotas({ repo, findUser, clock, config }: Dependencies) {
  const budgetFor = (user: User | undefined): Budget => ({
    userId: user?.id ?? null,
    ...limitsOf(user, config),
    isSecret: false,
  })

  async function budgetOf({ userId }: Pick<Upload, 'userId'>, { isSecret = false } = {}): Promise<Budget> {
    return { ...budgetFor(userId === null ? undefined : await findUser(userId)), isSecret }
  }

  /** Passes bytes on as long as there is room for them; then it throws `too_large`. */
  async function within(budget: Budget, bytes: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
    return limitBytes(bytes, await roomOf(budget), () => exceeded(budget))
  }

  /**
   * Bytes that one more file may have, as things are now. What the unfinished uploads `except` have reserved is not
   * counted, here and below: the file is made of them.
   */
  async function limitOf(budget: Budget, except?: readonly string[]): Promise<number> {
    return Math.min(budget.maxFileSizeBytes, await roomOf(budget, except))
  }

  /** Throws `too_large`: as things are now, one more file of that size would be refused. */
  async function assertFits(budget: Budget, bytes: number, except?: readonly string[]): Promise<void> {
    if (bytes > budget.maxFileSizeBytes) throw tooLarge(budget.maxFileSizeBytes)
    if (bytes > (await roomOf(budget, except))) throw exceeded(budget)
  }

  /** In the transaction that reserves the bytes, which nobody else can do for the same user until it ends. Throws `too_large`. */
  async function assertRoom(trx: Trx, budget: Budget, bytes: number, except: readonly string[]): Promise<void> {
    if (!(await repo.fits(trx, budget, bytes, clock(), except))) throw exceeded(budget)
  }

  /** None is left to a user who keeps more than the quota, as after it was lowered. */
  async function roomOf({ userId, maxUserSizeBytes }: Budget, except?: readonly string[]): Promise<number> {
    if (userId === null || maxUserSizeBytes === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
    return Math.max(0, maxUserSizeBytes - (await repo.usedBytes(userId, clock(), except)))
  }

  /**
   * Stores an upload with the files that it holds or declares. Throws `too_large`; `too_many_requests`: too many declared
   * files of the caller are missing; `forbidden`: its user is gone.
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
