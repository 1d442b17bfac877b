import { type Caller, isAdmin as isAdministrator } from '../accounts/caller.ts'
import { hashPassword } from '../accounts/passwords.ts'
import { hashToken, matchesToken } from '../accounts/secrets.ts'
import type { ActivityRecorder } from '../activity/activity-recorder.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId, newToken } from '../lib/ids.ts'
import type { StreamExchange } from '../streams/stream-exchange.ts'
import { sameFileName } from './file-name.ts'
import type { AssertFreeSpace } from './intake/free-space.ts'
import type { Quotas } from './intake/quotas.ts'
import type { ManifestsRepo } from './manifests-repo.ts'
import type { PasswordGate } from './password-gate.ts'
import type { DeclaredFile, StoredFile, Upload } from './upload.ts'
import { expiryOf, grantedTtl, isExpired, planUpload, rulesFor, type UploadOptions } from './upload-rules.ts'
import type { OwnerFilter, UploadsRepo } from './uploads-repo.ts'

/** An upload that the caller may see. `isAdmin`: the caller has its token, or an account with the same rights. */
export interface OpenUpload {
  upload: Upload
  isAdmin: boolean
  holdsToken: boolean
}

export interface NewUpload {
  upload: Upload
  files: StoredFile[]
  /** Of an encrypted upload. */
  manifest?: string
  /** Known only now: the database stores its hash. */
  token: string
}

interface Dependencies {
  repo: UploadsRepo
  manifests: Pick<ManifestsRepo, 'insert'>
  quotas: Quotas
  passwords: PasswordGate
  clock: Clock
  config: Config
  activity: ActivityRecorder
  assertFreeSpace: AssertFreeSpace
  /** Ends streams whose file was removed. */
  exchange: Pick<StreamExchange, 'cancel'>
  /** Called when files may have become `removed`. */
  onRemoved: () => void
}

/** The number of uploads that one transaction can remove without blocking others. */
const BATCH = 500

export type Uploads = ReturnType<typeof createUploads>

/** Creates, opens and removes uploads. Their files are received by `uploads-intake.ts`. */
export function createUploads({
  repo,
  manifests,
  quotas,
  passwords,
  clock,
  config,
  activity,
  assertFreeSpace,
  exchange,
  onRemoved,
}: Dependencies) {
  /** Throws `forbidden` unless the caller is a user, or has an allowed address and is not a web page that may not upload. */
  function assertMayUpload(caller: Caller): void {
    if (caller.isUnwantedPage && !caller.user) throw new AppError('origin_not_allowed')
    if (!caller.isWhitelisted && !caller.user) throw new AppError('address_not_allowed')
  }

  /**
   * Throws `forbidden`: address not allowed; `bad_request`: options not allowed; `too_large`: over quota;
   * `too_many_requests`: too many declared files are missing; `insufficient_storage`: rows take space, too.
   */
  async function create(options: UploadOptions, caller: Caller): Promise<NewUpload> {
    assertMayUpload(caller)
    await assertFreeSpace()
    const draft = await prepare(options, caller)
    const declaredBytes = draft.upload.stream ? 0 : draft.files.reduce((sum, { size }) => sum + size, 0)
    if (declaredBytes > 0) await assertFreeSpace(declaredBytes)
    await quotas.insertUpload(draft.upload, draft.files, caller)
    if (draft.manifest) await manifests.insert(draft.upload.id, draft.manifest) // the upload is not known to any client yet
    activity.uploadCreated(draft.upload)
    return draft
  }

  /** Prepares an upload with its declared files, without storing it. Throws like `create`. */
  async function prepare(options: UploadOptions, caller: Caller): Promise<NewUpload> {
    assertMayUpload(caller)
    const { credentials, files, manifest, ...granted } = planUpload(options, rulesFor(caller.user, config))
    const now = clock()
    const token = newToken()
    const upload: Upload = {
      ...granted,
      id: newId(),
      status: 'active',
      tokenHash: hashToken(token),
      createdAt: now,
      expiresAt: expiryOf(granted.ttlSeconds, now),
      startedAt: null,
      login: credentials?.login ?? null,
      passwordHash: credentials ? await hashPassword(credentials.password) : null,
      sourceAddress: caller.address,
      userId: caller.user?.id ?? null,
      tokenId: caller.tokenId ?? null,
      fileCount: 0,
      returnedSlots: 0,
    }
    return { upload, files: files.map((file, index) => emptyFile(upload.id, file, index + 1, now)), manifest, token }
  }

  /**
   * Every access to an existing upload starts here. Throws `not_found`: unknown, removed or expired; `unauthorized`: the
   * password is missing or wrong; `too_many_requests`: too many wrong passwords.
   */
  async function open(id: string, caller: Caller): Promise<OpenUpload> {
    const upload = await repo.findUpload(id)
    if (!upload || upload.status === 'removed') throw new AppError('upload_not_found', { id })
    const now = clock()
    if (isExpired(upload, now)) throw new AppError('upload_expired', { id })
    const holdsToken = caller.uploadToken !== undefined && matchesToken(caller.uploadToken, upload.tokenHash)
    const isAdmin = holdsToken || mayAdminister(upload, caller)
    if (!isAdmin && upload.passwordHash !== null) await passwords.check(upload, caller.credentials, caller.network)
    return { upload: upload.extendTtl ? await extended(upload, now) : upload, isAdmin, holdsToken }
  }

  /** Without any checks, for callers that check access themselves. */
  const find = (id: string): Promise<Upload | undefined> => repo.findUpload(id)

  /** With `extendTtl`, each access restarts the TTL. Changes of less than a second are not written. */
  async function extended(upload: Upload, now: number): Promise<Upload> {
    const expiresAt = expiryOf(upload.ttlSeconds, now)
    if (expiresAt === null || expiresAt - (upload.expiresAt ?? 0) < 1_000) return upload
    await repo.extendExpiry(upload.id, expiresAt)
    return { ...upload, expiresAt }
  }

  /**
   * Restarts the TTL, within the limit of its owner. Throws `forbidden`: the caller does not administer it;
   * `bad_request`: too long; `not_found`: it has expired or was removed meanwhile.
   */
  async function renew({ upload, isAdmin }: OpenUpload, wantedTtlSeconds: number): Promise<Upload> {
    if (!isAdmin) throw new AppError('change_upload_forbidden')
    const { maxTtlSeconds } = await quotas.budgetOf(upload)
    const defaultTtlSeconds = Math.min(config.defaultTtlSeconds, maxTtlSeconds)
    const ttlSeconds = grantedTtl(wantedTtlSeconds, { ...config, defaultTtlSeconds, maxTtlSeconds })
    const expiresAt = expiryOf(ttlSeconds, clock())
    if (!(await repo.renew(upload.id, ttlSeconds, expiresAt))) throw new AppError('upload_not_found', { id: upload.id })
    return { ...upload, ttlSeconds, expiresAt }
  }

  const listFiles = ({ upload }: OpenUpload): Promise<StoredFile[]> => repo.listFiles(upload.id)

  /** Throws `not_found`: no such file in this upload; `bad_request`: it has another name. */
  async function getFile({ upload }: OpenUpload, id: string, name: string): Promise<StoredFile> {
    const file = await repo.findFile(id)
    if (!file || file.uploadId !== upload.id) throw new AppError('file_not_found', { id })
    if (!sameFileName(file.name, name)) throw new AppError('file_name_mismatch')
    return file
  }

  /** Finds a file by its id alone, and its upload. Throws `not_found`, and like `open`. */
  async function openFile(id: string, caller: Caller): Promise<{ opened: OpenUpload; file: StoredFile }> {
    const file = await repo.findFile(id)
    if (!file) throw new AppError('file_not_found', { id })
    return { opened: await open(file.uploadId, caller), file }
  }

  /** Throws `forbidden` unless the caller administers the upload or it is removable. */
  async function remove({ upload, isAdmin }: OpenUpload): Promise<void> {
    if (!isAdmin && !upload.removable) throw new AppError('remove_upload_forbidden')
    const files = upload.stream ? await repo.listFiles(upload.id) : []
    await repo.removeUpload(upload.id)
    for (const file of files) await endStream(file)
    onRemoved()
  }

  /**
   * Removes an upload that was created for a file which was not received or was removed; an upload with other files is
   * kept.
   */
  async function removeIfEmpty(id: string): Promise<void> {
    if (await repo.removeEmptyUpload(id)) onRemoved()
  }

  /** Removes all uploads, or those of a user or token; returns how many. */
  async function removeAll(owner: OwnerFilter): Promise<number> {
    let total = 0
    for (;;) {
      const removed = await repo.removeUploads(owner, BATCH)
      if (removed === 0) break
      total += removed
    }
    if (total > 0) onRemoved()
    return total
  }

  /** Does nothing if the file was already removed or never received. Throws `forbidden` like `remove`. */
  async function removeFile({ upload, isAdmin }: OpenUpload, file: StoredFile): Promise<void> {
    if (!isAdmin && !upload.removable) {
      throw new AppError('remove_files_forbidden')
    }
    if (!(await repo.removeFile(file.id))) return
    if (upload.stream) await endStream(file)
    onRemoved()
  }

  /** Disconnects the sender and the reader of a removed stream. */
  async function endStream(file: StoredFile): Promise<void> {
    if (file.status === 'uploading') await exchange.cancel(file)
  }

  return {
    assertMayUpload,
    create,
    prepare,
    open,
    find,
    renew,
    openFile,
    listFiles,
    getFile,
    remove,
    removeIfEmpty,
    removeAll,
    removeFile,
  }
}

/**
 * Whether the caller administers the upload: an API token those that it created, a session those of its user, an
 * administrator's session all.
 */
function mayAdminister({ userId, tokenId }: Upload, caller: Caller): boolean {
  if (caller.tokenId !== undefined) return tokenId === caller.tokenId
  return isAdministrator(caller) || (caller.user !== undefined && userId === caller.user.id)
}

export function emptyFile(uploadId: string, declared: DeclaredFile, position: number, now: number): StoredFile {
  return {
    ...declared,
    id: newId(),
    uploadId,
    position,
    status: 'missing',
    createdAt: now,
    md5: '',
    sha256: '',
    crc32: 0,
    blobKey: null,
    uploadedAt: null,
    claimsTaken: 0,
    claimsSpent: 0,
    image: null,
    heldBy: null,
    requestId: null,
    requestBytes: 0,
    declaredBy: null,
    leaseUntil: null,
    fault: null,
    verifiedAt: null,
  }
}
