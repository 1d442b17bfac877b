import type { Caller } from '../accounts/caller.ts'
import type { Config } from '../config/config.ts'
import type { Requests } from '../file-requests/file-requests.ts'
import { AppError } from '../lib/errors.ts'
import { assertDeclaredSize } from '../uploads/intake/declared-size.ts'
import type { Admission } from '../uploads/intake/guest-quota.ts'
import type { Budget, Quotas } from '../uploads/intake/quotas.ts'
import type { UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import { isComing, type UploadOptions } from '../uploads/upload-rules.ts'
import type { OpenUpload, Uploads } from '../uploads/uploads.ts'
import type { Endings } from './termination.ts'

interface Dependencies {
  uploads: Uploads
  intake: UploadsIntake
  quotas: Quotas
  requests: Pick<Requests, 'admitPart' | 'reserve'>
  endings: Endings
  config: Pick<Config, 'featureAuthentication'>
}

/** What a client wants to send. */
export interface Wish {
  /** Bytes; absent: not known yet. */
  length: number | undefined
  name: string
  /** `part`: becomes a file only together with others, see `Resumables.join`. */
  target: ExistingUpload | NewUploadWish | 'part'
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
interface NewUploadWish {
  options: UploadOptions
}

/** The file that it will be. */
export interface Slot {
  upload: Upload
  file: StoredFile
  /** Of an upload that was made for it: the token, known only now. */
  uploadToken: string | undefined
}

interface Room {
  /** Absent for a part. */
  slot: Slot | undefined
  /** Bytes that there may be. */
  limit: number
  /** Whose quota it uses. */
  budget: Budget
  /** Of a guest's part: whoever adds its row asks once more, in the same transaction. */
  admission?: Admission
}

export type Slots = ReturnType<typeof createSlots>

/** Where the bytes will go, and how many there may be. */
export function createSlots({ uploads, intake, quotas, requests, endings, config }: Dependencies) {
  /** Throws as `Uploads.open`, `Uploads.create`, `UploadsIntake.reserve` and `Requests.reserve`; `too_large`. */
  async function take(wish: Wish, caller: Caller): Promise<Room> {
    const { target, requestToken } = wish
    if (target === 'part') return takePart(wish, caller)
    if (requestToken !== undefined) return takeForGuest(requestToken, wish)
    return 'uploadId' in target ? takeIn(target, wish, caller) : takeInNew(target, wish, caller)
  }

  async function takeIn({ uploadId, fileId }: ExistingUpload, wish: Wish, caller: Caller) {
    const opened = await uploads.open(uploadId, caller)
    intake.assertMayAddFiles(opened)
    const declared = fileId === undefined ? undefined : await uploads.getFile(opened, fileId, wish.name)
    if (declared && wish.length !== undefined && isComing(opened.upload, declared))
      assertDeclaredSize(wish.length, declared.size)
    // A client that creates the same file again never got the answer, or lost the URL: it begins anew.
    if (declared?.status === 'uploading' && (await endings.forget(declared.id))) await intake.reopen(declared)
    const { file, ...room } = await reserve(opened, wish, declared)
    return { slot: { upload: opened.upload, file, uploadToken: undefined }, ...room }
  }

  async function takeForGuest(requestToken: string, { name, ...wish }: Wish) {
    const { upload, file, ...room } = await requests.reserve(requestToken, announcementOf(wish), name)
    return { slot: { upload, file, uploadToken: undefined }, ...room }
  }

  async function takeInNew({ options }: NewUploadWish, wish: Wish, caller: Caller) {
    const { upload, token } = await uploads.create(options, caller)
    try {
      const { file, ...room } = await reserve({ upload, isAdmin: true, holdsToken: true }, wish, undefined)
      return { slot: { upload, file, uploadToken: token }, ...room }
    } catch (error) {
      await uploads.withdraw(upload.id)
      throw error
    }
  }

  async function reserve(opened: OpenUpload, wish: Wish, declared: StoredFile | undefined) {
    const room = await roomFor(wish, await quotas.budgetOf(opened.upload))
    return { file: await intake.reserve(opened, wish.name, declared), ...room }
  }

  /** It has no upload whose rules would hold, but must not be a way around those of the server, the user or the request. */
  async function takePart(wish: Wish, caller: Caller) {
    if (wish.requestToken !== undefined) {
      return { slot: undefined, ...(await requests.admitPart(wish.requestToken, announcementOf(wish))) }
    }
    assertMaySendParts(caller)
    return { slot: undefined, ...(await roomFor(wish, quotas.budgetFor(caller.user))) }
  }

  async function roomFor(wish: Wish, budget: Budget) {
    await intake.assertRoomFor(budget, announcementOf(wish))
    return { limit: await quotas.limitOf(budget, wish.partIds), budget }
  }

  function assertMaySendParts(caller: Caller): void {
    uploads.assertMayUpload(caller)
    if (config.featureAuthentication === 'forced' && !caller.user)
      throw new AppError('forbidden', 'anonymous uploads are disabled')
  }

  /** Undoes `take`, when nothing came of it. */
  async function giveBack({ upload, file, uploadToken }: Slot): Promise<void> {
    await intake.giveBack(file)
    if (uploadToken !== undefined) await uploads.withdraw(upload.id)
  }

  return { take, giveBack }
}

const announcementOf = ({ length, partIds }: Pick<Wish, 'length' | 'partIds'>) => ({
  bytes: length ?? Number.POSITIVE_INFINITY,
  isExact: length !== undefined,
  partIds,
})
