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

/** What a client wants to create. */
export interface CreationOptions {
  /** Bytes; absent: not known yet. */
  size: number | undefined
  name: string
  /** `part`: becomes a file only together with others, see `ResumableUploads.join`. */
  target: ExistingUpload | NewUpload | 'part'
  /** Of a guest; then it goes where the request says, whatever the target is. */
  requestToken?: string | undefined
  /** Ids of the parts that it will be made of. What they have reserved is not reserved again. */
  partIds?: readonly string[]
}

/** A file of an upload that exists, or, without `fileId`, one more. */
interface ExistingUpload {
  uploadId: string
  fileId: string | undefined
}

/** An upload of its own. */
interface NewUpload {
  options: UploadOptions
}

/** The file that it will become. */
export interface ReservedFile {
  upload: Upload
  file: StoredFile
  /** Of an upload that was made for it: the token, known only now. */
  uploadToken: string | undefined
}

export interface Reservation {
  /** Absent for a part. */
  reservedFile: ReservedFile | undefined
  /** Bytes that there may be. */
  limit: number
  /** Whose quota it uses. */
  budget: Budget
  /** Of a guest's part: whoever adds its row asks once more, in the same transaction. */
  guestQuota?: GuestQuota
}

export type Reservations = ReturnType<typeof createReservations>

/** Where the bytes will go, and how many there may be. */
export function createReservations({ uploads, intake, quotas, requests, termination, config }: Dependencies) {
  /** Throws as `Uploads.open`, `Uploads.create`, `UploadsIntake.reserve` and `Requests.reserve`; `too_large`. */
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
    // A client that creates the same file again never got the answer, or lost the URL: it begins anew.
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
      await uploads.withdraw(upload.id)
      throw error
    }
  }

  async function reserveFile(opened: OpenUpload, options: CreationOptions, declared: StoredFile | undefined) {
    const room = await roomFor(options, await quotas.budgetOf(opened.upload))
    return { file: await intake.reserve(opened, options.name, declared), ...room }
  }

  /** It has no upload whose rules would hold, but must not be a way around those of the server, the user or the request. */
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

  /** Undoes `reserve`, when nothing came of it. */
  async function release({ upload, file, uploadToken }: ReservedFile): Promise<void> {
    await intake.giveBack(file)
    if (uploadToken !== undefined) await uploads.withdraw(upload.id)
  }

  return { reserve, release }
}

const announcementOf = ({ size, partIds }: Pick<CreationOptions, 'size' | 'partIds'>) => ({
  bytes: size ?? Number.POSITIVE_INFINITY,
  isExact: size !== undefined,
  partIds,
})
