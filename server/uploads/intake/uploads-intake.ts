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

/** One file as a client sends it. `bytes` throws when the sender goes away before the end. */
export interface IncomingFile {
  name: string
  bytes: AsyncIterable<Uint8Array>
  /** No more bytes than these will come; absent: nobody knows. */
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
  /** Absent: images and videos are stored as they come. */
  images: Intake | undefined
  assertFreeSpace: AssertFreeSpace
  reserveSpace: ReserveSpace
  activity: ActivityRecorder
  clock: Clock
  config: Config
  log: Pick<FastifyBaseLogger, 'error'>
}

const LEASE_RENEWAL_MS = 20_000

export type UploadsIntake = ReturnType<typeof createUploadsIntake>

/** Files on their way in. Bytes are durable before a row promises them. */
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
  /** Files that come in here, and how to end them. */
  const writing = new Map<string, (reason: AppError) => void>()
  const logged = (message: string) => (err: unknown) => log.error({ err }, message)
  const renewal = keepRenewed(LEASE_RENEWAL_MS, renewLeases, logged('could not renew leases'))

  /** Throws `forbidden`: only the holder of the upload token may add files. */
  function assertMayAddFiles({ isAdmin }: OpenUpload): void {
    if (!isAdmin) throw new AppError('add_file_forbidden')
  }

  /** Before any of a file is read. Throws `too_large`, `insufficient_storage`: as things are now, it would be refused later. */
  async function assertRoomFor(budget: Budget, announced: Announcement): Promise<void> {
    const bytes = leastBytes(announced)
    await quotas.assertFits(budget, bytes, announced.partIds)
    await assertFreeSpace(bytes)
  }

  /**
   * As `assertRoomFor`, for a file of `upload` for which `declaredBytes` were announced before (0: none were). Throws `bad_request`,
   * too: it has more than these. What a stream has is not stored.
   */
  async function assertTakes(upload: Upload, announced: Announcement, declaredBytes = 0): Promise<void> {
    const budget = await quotas.budgetOf(upload)
    if (upload.stream) assertWithin(budget.maxFileSizeBytes, leastBytes(announced))
    else await assertRoomFor(budget, announced)
    if (leastBytes(announced) > declaredBytes) assertDeclaredSize(leastBytes(announced), declaredBytes)
  }

  /**
   * Adds a file that nobody declared. Throws `forbidden`; `bad_request`: its name, or too many files; `too_large`;
   * `insufficient_storage`; `unavailable`: an image can't be cleaned now; and what `incoming.bytes` throws.
   */
  async function addFile(opened: OpenUpload, incoming: IncomingFile): Promise<StoredFile> {
    assertMayAddFiles(opened)
    return add(opened.upload, incoming)
  }

  /** `addFile` for an upload of our own, or for a guest; then throws what `guestQuota` throws, too, before a byte is read. */
  async function add(upload: Upload, incoming: IncomingFile, guestQuota?: GuestQuota): Promise<StoredFile> {
    const { file, grantedBytes } = await insertFile(upload, incoming.name, clock() + WRITER_LEASE_MS, guestQuota)
    const bytes = limitBytes(incoming.bytes, grantedBytes, () => new AppError('file_request_space_exceeded'))
    return take(upload, file, { ...incoming, bytes })
  }

  /**
   * Takes a declared file's bytes. The slot is taken before the sender sends any of them, so that nobody else takes it, and readers
   * of a stream can wait. Throws as `addFile` and `open`; `bad_request` also when the file has another name, or the slot is not
   * `missing` any more.
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
    const end = () => (hasBegun ? giveBack(file) : reopen(file))
    return take(opened.upload, file, { name: file.name, bytes: bytes(), ...rest }, end)
  }

  /**
   * A slot for a file that comes in over several requests; its owner ends it by `adopt` or `giveBack`, and is to take it over within a
   * minute (`ResumablesRepo.insert`), or is believed to have died. Throws as `addFile` and `fillFile`; `bad_request`: the upload
   * is a stream.
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

  /** As `reserve`, for a guest; and how many bytes the file may have. Throws what `guestQuota` throws, too. */
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
    if (status !== 'active' && status !== 'pending') throw new AppError('upload_not_found', { id: upload.id })
    throw new AppError('too_many_files', { max: config.maxFilesPerUpload })
  }

  /** Where readers of other replicas find the sender of a stream. */
  const holderOf = async ({ stream }: Upload, fileId: string): Promise<string | null> =>
    stream ? exchange.addressOf(fileId) : null

  /** Takes the bytes of a file that is `uploading`; on failure `end` decides what becomes of its slot. */
  async function take(
    upload: Upload,
    file: StoredFile,
    incoming: IncomingFile,
    end: () => Promise<unknown> = () => giveBack(file),
  ): Promise<StoredFile> {
    const sent = interruptible(incoming.bytes, undefined)
    writing.set(file.id, sent.interrupt)
    try {
      const budget = await budgetOf(upload, file)
      if (upload.stream) return await passOn(upload, file, { ...incoming, bytes: sent }, budget)
      const bytes = ofDeclaredSize(sent, file.size, { mayBeEmpty: true })
      return await finish(upload, file, await receive(bytes, upload, budget, incoming), budget)
    } catch (error) {
      await end().catch(logged('could not end a slot'))
      throw error
    } finally {
      writing.delete(file.id)
    }
  }

  const budgetOf = (upload: Upload, { requestId }: StoredFile): Promise<Budget> =>
    quotas.budgetOf(upload, { isSecret: requestId !== null })

  /**
   * The bytes of a stream go to its reader, also when its sender has not sent any yet. A reader was promised the declared
   * size: a byte more would be taken for the next answer on its connection. What is left is a `deleted` file that says what it was.
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
    begun.catch((reason: unknown) => wrong.abort(reason)) // nobody has to come for its sender to be told
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
    throw new AppError('file_not_available', { name: file.name, id: file.id, status: 'deleted' }) // removed while it came in
  }

  /** Bytes of our own that have no row yet: they must get one within five minutes, or are swept, or `discard` them. */
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
   * Makes a reserved file of bytes that are stored already; `treat` says what becomes of them. Returns the file as it is, when that
   * was done before. Throws what `completion.settle` throws; `not_found`: it was removed while it came in;
   * `bad_request`: not encrypted as its upload demands, or of another size than declared; `too_large`: over quota; `unavailable`
   * and `aborted`: an image was not cleaned, and the bytes wait to be adopted later.
   */
  async function adopt(
    fileId: string,
    came: Measured,
    completion: Completion,
    sender: Sender | undefined,
  ): Promise<StoredFile> {
    const file = await repo.findFile(fileId)
    if (file?.status === 'uploaded') return file
    const upload = file && (await repo.findUpload(file.uploadId))
    if (!upload || file.status !== 'uploading') throw removedMeanwhile()
    assertDeclaredSize(came.size, file.size)
    return finish(upload, file, await treat(came, upload, sender), await budgetOf(upload, file), completion)
  }

  async function treat(
    came: Measured,
    { normalize, e2ee }: Pick<Upload, 'normalize' | 'e2ee'>,
    sender: Sender | undefined,
  ): Promise<Measured> {
    if (e2ee === 'age') {
      await assertAge(blobs, came)
      return { ...came, type: CIPHERTEXT_TYPE }
    }
    return normalize && images ? treatStored({ blobs, withMd5: config.md5 === 'always' }, images, came, sender) : came
  }

  /**
   * Ends a file whose bytes did not come: a declared one may be sent again, which Plik does not allow, any other leaves no trace.
   * False: it was not `uploading`. A failing database must not hide why the upload failed; then the sweep does it once the
   * lease has run out.
   */
  async function giveBack(file: Pick<StoredFile, 'id'>): Promise<boolean> {
    return repo.giveBackFile(file.id).catch((error: unknown) => {
      logged('could not give back a slot')(error)
      return false
    })
  }

  /** A reserved slot may be filled anew. */
  const reopen = ({ id }: StoredFile): Promise<boolean> => repo.moveFile(id, 'uploading', 'missing')

  /** Deletes bytes that no row came to own. When the database can't say, they stay for the sweep to decide. */
  async function discard(blobKey: string): Promise<void> {
    try {
      const known = await repo.knownBlobs([blobKey])
      if (!known.has(blobKey)) await blobs.delete(blobKey)
    } catch (error) {
      logged('could not discard a blob')(error)
    }
  }

  /** What was removed meanwhile, or its request revoked, is not read to its end. */
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
    giveBack,
    reopen,
    receive,
    discard,
    close: renewal.stop,
  }
}

async function* onceBegun(begun: Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  yield* await begun
}

const removedMeanwhile = () => new AppError('file_removed_meanwhile')
