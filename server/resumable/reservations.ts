import type { Caller } from '../accounts/caller.ts'
import type { Config } from '../config/config.ts'
import type { Requests } from '../file-requests/file-requests.ts'
import { AppError } from '../lib/errors.ts'
import { assertDeclaredSize } from '../uploads/intake/declared-size.ts'
import type { GuestQuota } from '../uploads/intake/guest-quota.ts'
import type { Budget, Quotas } from '../uploads/intake/quotas.ts'
import type { UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import { isComing, type UploadOptions } from '../uploads/upload-rules.ts'
import type { OpenUpload, Uploads } from '../uploads/uploads.ts'
import type { Termination } from './termination.ts'

interface Dependencies {
  uploads: Uploads
  intake: UploadsIntake
  quotas: Quotas
  requests: Pick<Requests, 'admitPart' | 'reserve'>
  termination: Termination
  config: Pick<Config, 'featureAuthentication'>
}

/** Options of a new resumable upload. */
export interface CreationOptions {
  /** Bytes; undefined: not known yet. */
  size: number | undefined
  name: string
  /** `part`: becomes a file only together with other parts, see `ResumableUploads.join`. */
  target: ExistingUpload | NewUpload | 'part'
  /** Sent by a guest; then the file request decides on the upload, and `target` is ignored. */
  requestToken?: string | undefined
  /** Ids of the parts to join. Their reservations are not reserved again. */
  partIds?: readonly string[]
}

/** A file of an existing upload; without `fileId` a new one is added. */
interface ExistingUpload {
  uploadId: string
  fileId: string | undefined
}

/** A new upload for this file. */
interface NewUpload {
  options: UploadOptions
}

/** The file that the resumable upload will become. */
export interface ReservedFile {
  upload: Upload
  file: StoredFile
  /** Token of the upload that was created for the file, known only now. */
  uploadToken: string | undefined
}

export interface Reservation {
  /** Undefined for a part. */
  reservedFile: ReservedFile | undefined
  /** Maximum number of bytes. */
  limit: number
  /** The quota that it uses. */
  budget: Budget
  /** For a guest's part: the transaction that adds its row must check it again. */
  guestQuota?: GuestQuota
}

export type Reservations = ReturnType<typeof createReservations>

/** Reserves the file for a resumable upload, and determines its size limit. */
export function createReservations({ uploads, intake, quotas, requests, termination, config }: Dependencies) {
  /** Throws like `Uploads.open`, `Uploads.create`, `UploadsIntake.reserve` and `Requests.reserve`; `too_large`. */
  async function reserve(options: CreationOptions, caller: Caller): Promise<Reservation> {
    const { target, requestToken } = options
    if (target === 'part') return reservePart(options, caller)
    if (requestToken !== undefined) return reserveForGuest(requestToken, options)
    return 'uploadId' in target ? reserveIn(target, options, caller) : reserveInNew(target, options, caller)
  }

  async function reserveIn({ uploadId, fileId }: ExistingUpload, options: CreationOptions, caller: Caller) {
    const opened = await uploads.open(uploadId, caller)
    intake.assertMayAddFiles(opened)
    const declared = fileId === undefined ? undefined : await uploads.getFile(opened, fileId, options.name)
    if (declared && options.size !== undefined && isComing(opened.upload, declared))
      assertDeclaredSize(options.size, declared.size)
    // A client that creates the same file again never received the response, or lost the URL: the upload starts over.
    if (declared?.status === 'uploading' && (await termination.abandon(declared.id))) await intake.reopen(declared)
    const { file, ...room } = await reserveFile(opened, options, declared)
    return { reservedFile: { upload: opened.upload, file, uploadToken: undefined }, ...room }
  }

  async function reserveForGuest(requestToken: string, { name, ...options }: CreationOptions) {
    const { upload, file, ...room } = await requests.reserve(requestToken, announcementOf(options), name)
    return { reservedFile: { upload, file, uploadToken: undefined }, ...room }
  }

  async function reserveInNew({ options: uploadOptions }: NewUpload, options: CreationOptions, caller: Caller) {
    const { upload, token } = await uploads.create(uploadOptions, caller)
    try {
      const { file, ...room } = await reserveFile({ upload, isAdmin: true, holdsToken: true }, options, undefined)
      return { reservedFile: { upload, file, uploadToken: token }, ...room }
    } catch (error) {
      await uploads.removeIfEmpty(upload.id)
      throw error
    }
  }

  async function reserveFile(opened: OpenUpload, options: CreationOptions, declared: StoredFile | undefined) {
    const room = await roomFor(options, await quotas.budgetOf(opened.upload))
    return { file: await intake.reserve(opened, options.name, declared), ...room }
  }

  /** A part has no upload whose rules apply, but it must respect the limits of the server, the user and the file request. */
  async function reservePart(options: CreationOptions, caller: Caller) {
    if (options.requestToken !== undefined) {
      return { reservedFile: undefined, ...(await requests.admitPart(options.requestToken, announcementOf(options))) }
    }
    assertMaySendParts(caller)
    return { reservedFile: undefined, ...(await roomFor(options, quotas.budgetFor(caller.user))) }
  }

  async function roomFor(options: CreationOptions, budget: Budget) {
    await intake.assertRoomFor(budget, announcementOf(options))
    return { limit: await quotas.limitOf(budget, options.partIds), budget }
  }

  function assertMaySendParts(caller: Caller): void {
    uploads.assertMayUpload(caller)
    if (config.featureAuthentication === 'forced' && !caller.user) throw new AppError('anonymous_upload_forbidden')
  }

  /** Undoes `reserve` if the resumable upload could not be created. */
  async function release({ upload, file, uploadToken }: ReservedFile): Promise<void> {
    await intake.release(file)
    if (uploadToken !== undefined) await uploads.removeIfEmpty(upload.id)
  }

  return { reserve, release }
}

const announcementOf = ({ size, partIds }: Pick<CreationOptions, 'size' | 'partIds'>) => ({
  bytes: size ?? Number.POSITIVE_INFINITY,
  isExact: size !== undefined,
  partIds,
})
