import type { Caller } from '../accounts/caller.ts'
import { hashToken } from '../accounts/secrets.ts'
import type { Config } from '../config/config.ts'
import type { Trx } from '../database/transact.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { isId, newId, newToken } from '../lib/ids.ts'
import { type Announcement, mostBytes } from '../uploads/intake/announcement.ts'
import type { AssertFreeSpace } from '../uploads/intake/free-space.ts'
import type { GuestQuota } from '../uploads/intake/guest-quota.ts'
import type { Budget, Quotas } from '../uploads/intake/quotas.ts'
import type { IncomingFile, UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import type { OpenUpload, Uploads } from '../uploads/uploads.ts'
import { type FileRequest, type Invitation, type ListedRequest, NOTHING, type Usage } from './file-request.ts'
import {
  assertOpen,
  assertTakesGuests,
  grantBytes,
  grantPart,
  leftOf,
  MAX_REQUESTS_PER_UPLOAD,
  planRequest,
  type RequestOptions,
  statusOf,
} from './file-request-rules.ts'
import type { RequestsRepo } from './file-requests-repo.ts'

interface Dependencies {
  repo: RequestsRepo
  uploads: Pick<Uploads, 'assertMayUpload' | 'find'>
  intake: Pick<UploadsIntake, 'add' | 'reserveForGuest' | 'assertRoomFor'>
  quotas: Pick<Quotas, 'budgetOf'>
  assertFreeSpace: AssertFreeSpace
  clock: Clock
  config: Pick<Config, 'featureRequests' | 'featureComments'>
  /** Called after a request was revoked, to abort the uploads of its guests. */
  onRevoked: () => void
}

/** A guest's access to one upload, and the file that may be added. */
interface Admitted {
  upload: Upload
  guestQuota: GuestQuota
  /** The current size limit of the file, in bytes. */
  limit: number
  /** The quota that it uses. */
  budget: Budget
}

export type Requests = ReturnType<typeof createRequests>

/** File requests: an uploader creates links by which guests add files to an upload without seeing its files. */
export function createRequests({
  repo,
  uploads,
  intake,
  quotas,
  assertFreeSpace,
  clock,
  config,
  onRevoked,
}: Dependencies) {
  /**
   * Creates a request; its token is known only now. Throws `forbidden`: the caller does not administer the upload,
   * address not allowed, or file requests are switched off; `bad_request`: a stream, options that are not allowed, too
   * many requests; `not_found`: the upload was removed meanwhile.
   */
  async function create(
    opened: OpenUpload,
    options: RequestOptions,
    caller: Caller,
  ): Promise<{ created: ListedRequest; token: string }> {
    assertAdministers(opened)
    assertEnabled()
    uploads.assertMayUpload(caller)
    assertTakesGuests(opened.upload)
    await assertFreeSpace()
    const now = clock()
    const token = newToken()
    const request: FileRequest = {
      ...planRequest(options, config, now),
      id: newId(),
      uploadId: opened.upload.id,
      tokenHash: hashToken(token),
      createdAt: now,
      revokedAt: null,
    }
    const outcome = await repo.insertRequest(request, MAX_REQUESTS_PER_UPLOAD)
    if (outcome === 'gone') throw new AppError('upload_not_found', { id: opened.upload.id })
    if (outcome === 'full') throw new AppError('too_many_file_requests', { max: MAX_REQUESTS_PER_UPLOAD })
    return { created: listed(request, NOTHING, now), token }
  }

  /** Lists requests with the files added through them. Throws `forbidden` if the caller does not administer the upload. */
  async function list(opened: OpenUpload): Promise<ListedRequest[]> {
    assertAdministers(opened)
    const requests = await repo.listRequests(opened.upload.id)
    const arrived = await repo.listArrived(opened.upload.id)
    const now = clock()
    return requests.map((request) => listed(request, arrived.get(request.id) ?? NOTHING, now))
  }

  /** Revokes a request and aborts uploads through it; complete files are kept. Throws `forbidden` like `list`; `not_found`. */
  async function revoke(opened: OpenUpload, id: string): Promise<void> {
    assertAdministers(opened)
    if (!isId(id) || !(await repo.revokeRequest(opened.upload.id, id, clock())))
      throw new AppError('file_request_not_found', { id })
    onRevoked()
  }

  /**
   * Returns what a guest may know. Throws `not_found`: unknown request, or it or its upload has expired or was removed;
   * `forbidden`: revoked, or file requests are switched off.
   */
  async function inspect(token: string): Promise<Invitation> {
    const { request, upload } = await open(token)
    const { maxFileSizeBytes } = await quotas.budgetOf(upload) // the remaining quota is not shown to guests
    const arrived = (await repo.listArrived(upload.id)).get(request.id) ?? NOTHING
    const status = statusOf(request, arrived, clock())
    return { request, upload, status, maxFileSizeBytes, left: leftOf(request, await repo.usage(request.id)) }
  }

  /**
   * Checks whether a guest may add a file of that size, before any of it is read. The transaction that adds the file's
   * row must check `guestQuota` again, which decides. Throws like `inspect`; `forbidden`: full; `too_large`.
   */
  async function admit(token: string, announced: Announcement): Promise<Admitted> {
    const { request, upload } = await open(token)
    const grantedBytes = grantBytes(request, await repo.usage(request.id), announced)
    const budget = await quotas.budgetOf(upload, { isSecret: true })
    await intake.assertRoomFor(budget, announced)
    const guestQuota = { requestId: request.id, grant: (trx: Trx) => grant(trx, request.id, upload, announced) }
    return { upload, guestQuota, limit: Math.min(grantedBytes, budget.maxFileSizeBytes), budget }
  }

  /**
   * Like `admit`, for a part of a file: only `guestQuota` determines how many bytes it may have, which stay reserved
   * until the parts are joined.
   */
  async function admitPart(token: string, announced: Announcement): Promise<Omit<Admitted, 'upload'>> {
    const { upload, guestQuota, ...room } = await admit(token, announced)
    return {
      ...room,
      guestQuota: { ...guestQuota, grant: (trx) => grantOfPart(trx, guestQuota.requestId, upload, announced) },
    }
  }

  async function grantOfPart(trx: Trx, requestId: string, upload: Upload, announced: Announcement): Promise<number> {
    const parts = await repo.lockParts(trx, { id: requestId, uploadId: upload.id })
    const { request, used } = await repo.inspect(trx, requestId)
    assertOpen(request, upload, clock())
    return grantPart(request, used, parts, announced)
  }

  async function grant(trx: Trx, requestId: string, upload: Upload, announced: Announcement): Promise<number> {
    const { request, used } = await repo.inspect(trx, requestId)
    assertOpen(request, upload, clock())
    return grantBytes(request, used, announced)
  }

  /** Adds a guest's file, which is read only after the checks. Throws like `admit` and `UploadsIntake.add`. */
  async function addFile(
    token: string,
    announced: Announcement,
    incoming: () => Promise<IncomingFile>,
  ): Promise<StoredFile> {
    const { upload, guestQuota } = await admit(token, announced)
    return forGuest(token, async () =>
      intake.add(upload, { ...(await incoming()), maxBytes: mostBytes(announced) }, guestQuota),
    )
  }

  /**
   * Reserves a guest's file for an upload in several requests (`UploadsIntake.reserve`), and returns its size limit. It
   * counts from now on. Throws like `admit` and `UploadsIntake.reserveForGuest`.
   */
  async function reserve(token: string, announced: Announcement, name: string) {
    const { upload, guestQuota, limit, budget } = await admit(token, announced)
    const { file, grantedBytes } = await forGuest(token, () => intake.reserveForGuest(upload, name, guestQuota))
    return { upload, file, limit: Math.min(grantedBytes, limit), budget }
  }

  /** Rewords errors so that they do not contain the upload's id, which would give access to the upload. */
  async function forGuest<T>(token: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (kindOf(error) === 'not_found') await open(token)
      throw error
    }
  }

  async function open(token: string): Promise<{ request: FileRequest; upload: Upload }> {
    assertEnabled()
    const request = await repo.findByTokenHash(hashToken(token))
    if (!request) throw new AppError('file_request_token_unknown')
    const upload = await uploads.find(request.uploadId)
    assertOpen(request, upload, clock())
    return { request, upload }
  }

  function assertEnabled(): void {
    if (config.featureRequests === 'disabled') throw new AppError('file_requests_disabled')
  }

  return { create, list, revoke, inspect, admitPart, addFile, reserve }
}

const listed = (request: FileRequest, arrived: Usage, now: number): ListedRequest => ({
  request,
  arrived,
  status: statusOf(request, arrived, now),
})

function assertAdministers({ isAdmin }: OpenUpload): void {
  if (!isAdmin) throw new AppError('manage_file_requests_forbidden')
}
