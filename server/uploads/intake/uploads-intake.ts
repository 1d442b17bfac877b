import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../../storage/blob-store.ts'
import { interruptible } from '../../../storage/interruptible.ts'
import type { ActivityRecorder } from '../../activity/activity-recorder.ts'
import type { Config } from '../../config/config.ts'
import type { Intake } from '../../images/images.ts'
import type { Clock } from '../../lib/clock.ts'
import { AppError } from '../../lib/errors.ts'
import { keepRenewed } from '../../lib/leases.ts'
import type { Sender } from '../../lib/sender.ts'
import type { StreamExchange } from '../../streams/stream-exchange.ts'
import type { StreamRelay } from '../../streams/stream-relay.ts'
import { sameFileName } from '../file-name.ts'
import { assertAge } from '../stored-bytes.ts'
import type { Measured, StoredFile, Upload } from '../upload.ts'
import { creatableName, visibleStatus } from '../upload-rules.ts'
import { emptyFile, type OpenUpload } from '../uploads.ts'
import { WRITER_LEASE_MS } from '../uploads-expiry.ts'
import type { Completion, UploadsRepo } from '../uploads-repo.ts'
import { CIPHERTEXT_TYPE, onlyAge } from './age-check.ts'
import { type Announcement, leastBytes } from './announcement.ts'
import { assertDeclaredSize, ofDeclaredSize } from './declared-size.ts'
import { assertWithin, createMeter, receiveBlob } from './file-intake.ts'
import { type AssertFreeSpace, type ReserveSpace, withSpace } from './free-space.ts'
import type { GuestQuota } from './guest-quota.ts'
import { limitBytes } from './limit-bytes.ts'
import { type Budget, exceeded, type Quotas } from './quotas.ts'
import { readHead } from './read-head.ts'
import { receiveTreated, treatStored } from './treated-bytes.ts'

/** One file as sent by a client. `bytes` throws if the client disconnects before the end. */
export interface IncomingFile {
  name: string
  bytes: AsyncIterable<Uint8Array>
  /** An upper bound of its size; undefined if it is unknown. */
  maxBytes?: number | undefined
  sender?: Sender
}

/** A file in a form whose sender may not have begun to send it. */
export interface IncomingForm extends Pick<IncomingFile, 'maxBytes'> {
  /** Resolves once the sender has named the file. */
  open: () => Promise<Pick<IncomingFile, 'name' | 'bytes'>>
  sender: Sender
}

interface Dependencies {
  repo: UploadsRepo
  quotas: Quotas
  blobs: BlobStore
  relay: StreamRelay
  exchange: Pick<StreamExchange, 'addressOf'>
  /** Undefined: images and videos are stored unchanged. */
  images: Intake | undefined
  assertFreeSpace: AssertFreeSpace
  reserveSpace: ReserveSpace
  activity: ActivityRecorder
  clock: Clock
  config: Config
  log: Pick<FastifyBaseLogger, 'error'>
}

const LEASE_RENEWAL_MS = 20_000
/** Bounds the memory of a long outage; the orphan sweep finds the rest. */
const MAX_UNDISCARDED = 10_000

export type UploadsIntake = ReturnType<typeof createUploadsIntake>

/** Receives the bytes of files. Bytes are durable before a row refers to them. */
export function createUploadsIntake({
  repo,
  quotas,
  blobs,
  relay,
  exchange,
  images,
  assertFreeSpace,
  reserveSpace,
  activity,
  clock,
  config,
  log,
}: Dependencies) {
  const target = { blobs, withMd5: config.md5 !== 'never' }
  /** Files that this process is receiving, and how to abort them. */
  const writing = new Map<string, (reason: AppError) => void>()
  const logged = (message: string) => (err: unknown) => log.error({ err }, message)
  /** Blobs of refused uploads that could not be deleted, as while the database is away. */
  const undiscarded = new Set<string>()
  const renewal = keepRenewed(LEASE_RENEWAL_MS, renewLeases, logged('could not renew leases'))

  /** Throws `forbidden`: adding files requires the upload token. */
  function assertMayAddFiles({ isAdmin }: OpenUpload): void {
    if (!isAdmin) throw new AppError('add_file_forbidden')
  }

  /**
   * Checks limits and space before a file is read. Throws `too_large`, `insufficient_storage` if it would currently be
   * rejected later.
   */
  async function assertRoomFor(budget: Budget, announced: Announcement): Promise<void> {
    const bytes = leastBytes(announced)
    await quotas.assertFits(budget, bytes, announced.partIds)
    await assertFreeSpace(bytes)
  }

  /**
   * Like `assertRoomFor`, for a file of `upload` that was declared with `declaredBytes` (0: no size). Also throws
   * `bad_request` if the file is larger than declared. A stream is not stored, so it needs no space.
   */
  async function assertTakes(upload: Upload, announced: Announcement, declaredBytes = 0): Promise<void> {
    const budget = await quotas.budgetOf(upload)
    if (upload.stream) assertWithin(budget.maxFileSizeBytes, leastBytes(announced))
    else await assertRoomFor(budget, announced)
    if (leastBytes(announced) > declaredBytes) assertDeclaredSize(leastBytes(announced), declaredBytes)
  }

  /**
   * Adds an undeclared file. Throws `forbidden`; `bad_request`: invalid name, or too many files; `too_large`;
   * `insufficient_storage`; `unavailable`: an image can't be cleaned now; and what `incoming.bytes` throws.
   */
  async function addFile(opened: OpenUpload, incoming: IncomingFile): Promise<StoredFile> {
    assertMayAddFiles(opened)
    return add(opened.upload, incoming)
  }

  /**
   * `addFile` without the check of the upload token, for guests. Also throws what `guestQuota` throws, before a byte is
   * read.
   */
  async function add(upload: Upload, incoming: IncomingFile, guestQuota?: GuestQuota): Promise<StoredFile> {
    const { file, grantedBytes } = await insertFile(upload, incoming.name, clock() + WRITER_LEASE_MS, guestQuota)
    const bytes = limitBytes(incoming.bytes, grantedBytes, () => new AppError('file_request_space_exceeded'))
    return take(upload, file, { ...incoming, bytes })
  }

  /**
   * Receives the bytes of a declared file. Its slot is claimed before the first byte arrives, so that no other request
   * can claim it and readers of a stream can wait. Throws like `addFile` and `open`; also `bad_request` if the name
   * differs, or the slot is no longer `missing`.
   */
  async function fillFile(opened: OpenUpload, file: StoredFile, { open, ...rest }: IncomingForm): Promise<StoredFile> {
    assertMayAddFiles(opened)
    await claimSlot(opened.upload, file, clock() + WRITER_LEASE_MS)
    let hasBegun = false
    async function* bytes() {
      const { name, bytes } = await open()
      assertSameName(file, name)
      hasBegun = true
      yield* bytes
    }
    const end = () => (hasBegun ? release(file) : reopen(file))
    return take(opened.upload, file, { name: file.name, bytes: bytes(), ...rest }, end)
  }

  /**
   * Reserves a file for an upload in several requests. Its owner ends the reservation by `adopt` or `release`, and must
   * take over its lease within a minute (`ResumablesRepo.insert`); otherwise the owner counts as dead. Throws like
   * `addFile` and `fillFile`; `bad_request`: the upload is a stream.
   */
  async function reserve(opened: OpenUpload, name: string, declared: StoredFile | undefined): Promise<StoredFile> {
    assertMayAddFiles(opened)
    const { upload } = opened
    if (upload.stream) throw new AppError('stream_not_resumable')
    if (!declared) return (await insertFile(upload, name, clock() + WRITER_LEASE_MS)).file
    assertSameName(declared, name)
    await claimSlot(upload, declared, clock() + WRITER_LEASE_MS)
    return { ...declared, status: 'uploading' }
  }

  /** Like `reserve`, for a guest; also returns how many bytes the file may have. Also throws what `guestQuota` throws. */
  const reserveForGuest = (upload: Upload, name: string, guestQuota: GuestQuota) =>
    insertFile(upload, name, clock() + WRITER_LEASE_MS, guestQuota)

  function assertSameName(file: StoredFile, name: string): void {
    if (!sameFileName(file.name, name)) throw new AppError('file_name_mismatch')
  }

  async function claimSlot(upload: Upload, file: StoredFile, leaseUntil: number): Promise<void> {
    const heldBy = await holderOf(upload, file.id)
    if (await repo.claimSlot(file, { heldBy, leaseUntil })) return
    const status = visibleStatus((await repo.findFile(file.id)) ?? { ...file, status: 'deleted' })
    throw new AppError('file_not_missing', { status })
  }

  async function insertFile(upload: Upload, rawName: string, leaseUntil: number, guestQuota?: GuestQuota) {
    await assertFreeSpace()
    const declared = { name: creatableName(rawName), size: 0, type: '', reference: '' }
    const empty = emptyFile(upload.id, declared, 0, clock())
    const heldBy = await holderOf(upload, empty.id)
    const file: StoredFile = { ...empty, status: 'uploading', heldBy, requestId: guestQuota?.requestId ?? null }
    const added = await repo.addFile(file, config.maxFilesPerUpload, leaseUntil, guestQuota)
    if (added) return { file: { ...file, position: added.position }, grantedBytes: added.grantedBytes }
    const { status } = (await repo.findUpload(upload.id)) ?? {}
    if (status !== 'active') throw new AppError('upload_not_found', { id: upload.id })
    throw new AppError('too_many_files', { max: config.maxFilesPerUpload })
  }

  /** Where other replicas find the sender of a stream. */
  const holderOf = async ({ stream }: Upload, fileId: string): Promise<string | null> =>
    stream ? exchange.addressOf(fileId) : null

  /** Receives the bytes of an `uploading` file; on failure `end` decides what happens to its slot. */
  async function take(
    upload: Upload,
    file: StoredFile,
    incoming: IncomingFile,
    end: () => Promise<unknown> = () => release(file),
  ): Promise<StoredFile> {
    const sent = interruptible(incoming.bytes, undefined)
    writing.set(file.id, sent.interrupt)
    try {
      const budget = await budgetOf(upload, file)
      if (upload.stream) return await passOn(upload, file, { ...incoming, bytes: sent }, budget)
      const bytes = ofDeclaredSize(sent, file.size, { mayBeEmpty: true })
      return await finish(upload, file, await receive(bytes, upload, budget, incoming), budget)
    } catch (error) {
      await end().catch(logged('could not release a slot'))
      throw error
    } finally {
      writing.delete(file.id)
    }
  }

  const budgetOf = (upload: Upload, { requestId }: StoredFile): Promise<Budget> =>
    quotas.budgetOf(upload, { isSecret: requestId !== null })

  /**
   * Passes the bytes of a stream to its reader, who may arrive before the first byte. The reader was promised the
   * declared size: an extra byte would be read as part of the next response on the connection. Afterwards the file is
   * `deleted`, and its row keeps its metadata.
   */
  async function passOn(
    upload: Upload,
    file: StoredFile,
    { bytes, sender }: IncomingFile,
    { maxFileSizeBytes }: Budget,
  ): Promise<StoredFile> {
    const meter = createMeter(maxFileSizeBytes, target.withMd5)
    const wrong = new AbortController()
    const begun = upload.e2ee === 'age' ? onlyAge(bytes) : readHead(bytes, 1).then((read) => read.bytes)
    begun.catch((reason: unknown) => wrong.abort(reason)) // the sender gets the error even if no reader arrives
    const gone = AbortSignal.any([wrong.signal, ...(sender ? [sender.gone] : [])])
    await relay.offer(file.id, ofDeclaredSize(meter.watch(onceBegun(begun)), file.size), gone)
    const measured = await meter.result()
    await repo.moveFile(file.id, 'uploading', 'deleted', { ...measured, leaseUntil: null })
    activity.fileReceived(upload, measured.size)
    return { ...file, ...measured, status: 'deleted' }
  }

  async function finish(
    upload: Upload,
    file: StoredFile,
    measured: Measured,
    budget: Budget,
    completion?: Completion,
  ): Promise<StoredFile> {
    const now = clock()
    try {
      const outcome = await repo.finishFile(file, measured, now, budget, completion)
      if (outcome === 'over_quota') throw exceeded(budget)
      if (outcome === 'finished') {
        activity.fileReceived(upload, measured.size)
        return { ...file, ...measured, status: 'uploaded', uploadedAt: now }
      }
    } catch (error) {
      await discard(measured.blobKey)
      throw error
    }
    await discard(measured.blobKey)
    throw new AppError('file_not_available', { name: file.name, id: file.id, status: 'deleted' }) // removed during the upload
  }

  /**
   * Stores bytes for a new upload that has no rows yet. The caller must insert a row within a day or call `discard`;
   * otherwise the orphan sweep deletes the blob.
   */
  async function receive(
    incoming: AsyncIterable<Uint8Array>,
    { normalize, e2ee }: Pick<Upload, 'normalize' | 'e2ee'>,
    budget: Budget,
    { sender, maxBytes }: Pick<IncomingFile, 'maxBytes'> & { sender?: Sender | undefined },
  ): Promise<Measured> {
    const space = await reserveSpace(maxBytes)
    try {
      const limit = budget.maxFileSizeBytes
      const bytes = withSpace(await quotas.within(budget, incoming), space)
      if (e2ee === 'age') return { ...(await receiveBlob(target, await onlyAge(bytes), limit)), type: CIPHERTEXT_TYPE }
      if (!normalize || !images) return await receiveBlob(target, bytes, limit)
      return await receiveTreated(target, images, bytes, limit, sender)
    } finally {
      space.release()
    }
  }

  /**
   * Makes a reserved file from bytes that are already stored; `treat` cleans them. Returns the file unchanged if this was
   * already done. Throws what `completion.settle` throws; `not_found`: the file was removed during the upload;
   * `bad_request`: it is not encrypted although its upload requires that, or its size is not the declared one;
   * `too_large`: over quota; `unavailable` and `aborted`: an image could not be cleaned, and the bytes are kept for
   * another attempt.
   */
  async function adopt(
    fileId: string,
    measured: Measured,
    completion: Completion,
    sender: Sender | undefined,
  ): Promise<StoredFile> {
    const file = await repo.findFile(fileId)
    if (file?.status === 'uploaded') return file
    const upload = file && (await repo.findUpload(file.uploadId))
    if (!upload || file.status !== 'uploading') throw removedMeanwhile()
    assertDeclaredSize(measured.size, file.size)
    return finish(upload, file, await treat(measured, upload, sender), await budgetOf(upload, file), completion)
  }

  async function treat(
    measured: Measured,
    { normalize, e2ee }: Pick<Upload, 'normalize' | 'e2ee'>,
    sender: Sender | undefined,
  ): Promise<Measured> {
    if (e2ee === 'age') {
      await assertAge(blobs, measured)
      return { ...measured, type: CIPHERTEXT_TYPE }
    }
    return normalize && images
      ? treatStored({ blobs, withMd5: config.md5 === 'always' }, images, measured, sender)
      : measured
  }

  /**
   * Releases the slot of a file that was not received: a declared file may be sent again, which Plik does not allow, any
   * other row is deleted. Returns false if the file was not `uploading`. A database error is only logged, so that it does
   * not hide why the upload failed; the clean-up then releases the slot once the lease has expired.
   */
  async function release(file: Pick<StoredFile, 'id'>): Promise<boolean> {
    return repo.giveBackFile(file.id).catch((error: unknown) => {
      logged('could not release a slot')(error)
      return false
    })
  }

  /** The slot may be claimed again. */
  const reopen = ({ id }: StoredFile): Promise<boolean> => repo.moveFile(id, 'uploading', 'missing')

  /** Deletes bytes that no row refers to. If that fails it is tried again, until this process ends; then the orphan sweep finds them. */
  async function discard(blobKey: string): Promise<void> {
    try {
      await deleteUnknown(blobKey)
    } catch (error) {
      if (undiscarded.size < MAX_UNDISCARDED) undiscarded.add(blobKey)
      logged('could not discard a blob')(error)
    }
  }

  async function deleteUnknown(blobKey: string): Promise<void> {
    const known = await repo.knownBlobs([blobKey])
    if (!known.has(blobKey)) await blobs.delete(blobKey)
    undiscarded.delete(blobKey)
  }

  /** To be called every few seconds. */
  async function discardLeft(): Promise<void> {
    for (const blobKey of undiscarded) await deleteUnknown(blobKey)
  }

  /** Renews leases, and aborts the upload of files that were removed or whose file request was revoked. */
  async function renewLeases(): Promise<void> {
    const ids = [...writing.keys()]
    if (ids.length === 0) return
    const renewed = new Set(await repo.renewLeases(ids, clock() + WRITER_LEASE_MS))
    for (const id of ids) if (!renewed.has(id)) writing.get(id)?.(removedMeanwhile())
  }

  return {
    assertMayAddFiles,
    assertRoomFor,
    assertTakes,
    addFile,
    fillFile,
    add,
    reserve,
    reserveForGuest,
    adopt,
    release,
    reopen,
    receive,
    discard,
    discardLeft,
    close: renewal.stop,
  }
}

async function* onceBegun(begun: Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  yield* await begun
}

const removedMeanwhile = () => new AppError('file_removed_meanwhile')
