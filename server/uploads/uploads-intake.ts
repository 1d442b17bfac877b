import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { StreamRelay } from '../streams/stream-relay.ts'
import { createMeter, receiveBlob } from './file-intake.ts'
import { sameFileName } from './file-name.ts'
import type { Measured, StoredFile, Upload } from './upload.ts'
import { grantedName, planUpload, type UploadOptions, visibleStatus } from './upload-rules.ts'
import { type Caller, emptyFile, type NewUpload, type OpenUpload, type Uploads } from './uploads.ts'
import type { UploadsRepo } from './uploads-repo.ts'

/** One file as a client sends it. `bytes` throws when the sender goes away before the end. */
export interface IncomingFile {
  name: string
  bytes: AsyncIterable<Uint8Array>
  /** Aborts when the sender hangs up, also while nobody reads `bytes`. */
  senderGone?: AbortSignal
}

interface Dependencies {
  uploads: Uploads
  repo: UploadsRepo
  blobs: BlobStore
  relay: StreamRelay
  clock: Clock
  config: Config
  /** Called when files may have become `removed`. */
  onRemoved: () => void
  log: Pick<FastifyBaseLogger, 'error'>
}

/** While a file comes in, its row says until when its writer is believed to live. */
const LEASE_MS = 60_000
const LEASE_RENEWAL_MS = 20_000
const FREE_SPACE_CHECK_MS = 1_000
/** Bytes that no row owns are swept as orphans after five minutes (`uploads-expiry.ts`): until then a form must have come on. */
const MAX_UNOWNED_MS = 4 * 60_000

export type UploadsIntake = ReturnType<typeof createUploadsIntake>

/** Files on their way in. Bytes are durable before a row promises them. */
export function createUploadsIntake({ uploads, repo, blobs, relay, clock, config, onRemoved, log }: Dependencies) {
  const writing = new Set<string>()
  const renewal = setInterval(() => void renewLeases(), LEASE_RENEWAL_MS).unref()
  let freeSpaceCheckedAt = Number.NEGATIVE_INFINITY

  /** Throws `forbidden`: only the holder of the upload token may add files. */
  function assertMayAddFiles({ isAdmin }: OpenUpload): void {
    if (!isAdmin) throw new AppError('forbidden', 'you are not allowed to add file to this upload')
  }

  /**
   * Adds a file that nobody declared. Throws `forbidden`; `bad_request`: its name, or too many files; `too_large`;
   * `insufficient_storage`; and what `incoming.bytes` throws.
   */
  async function addFile(opened: OpenUpload, incoming: IncomingFile): Promise<StoredFile> {
    assertMayAddFiles(opened)
    return take(opened.upload, await insertFile(opened.upload.id, creatableName(incoming.name)), incoming)
  }

  /** Takes a declared file's bytes. Throws as `addFile`; `bad_request` also when it has another name, or the slot is not `missing` any more. */
  async function fillFile(opened: OpenUpload, file: StoredFile, incoming: IncomingFile): Promise<StoredFile> {
    assertMayAddFiles(opened)
    if (!sameFileName(file.name, incoming.name)) throw new AppError('bad_request', 'invalid file name')
    const isMine = await repo.moveFile(file.id, 'missing', 'uploading', { lease_until: clock() + LEASE_MS })
    if (isMine) return take(opened.upload, file, incoming)
    const status = visibleStatus((await repo.findFile(file.id)) ?? { ...file, status: 'deleted' })
    throw new AppError('bad_request', `invalid file status ${status}, expected missing`)
  }

  /**
   * An upload with its files in one go, for curl and plain forms. `options` is asked again after the last file, since
   * form fields may follow it. Throws as `addFile` and `Uploads.create`; then nothing of the upload stays.
   */
  async function quickUpload(
    incoming: AsyncIterable<IncomingFile>,
    options: () => UploadOptions,
    caller: Caller,
  ): Promise<NewUpload> {
    uploads.assertMayUpload(caller)
    const files = incoming[Symbol.asyncIterator]()
    const first = await files.next()
    if (first.done) throw new AppError('bad_request', 'missing file from multipart form')
    assertGrantableSoFar(options())
    const name = creatableName(first.value.name)
    const measured = await receive(first.value.bytes)
    const receivedAt = clock()
    try {
      const second = await files.next()
      if (clock() - receivedAt > MAX_UNOWNED_MS) throw tooSlow()
      if (second.done) return await insertWhole(await uploads.prepare(options(), caller), name, measured)
      const pending = await insertPending(caller, name, measured)
      return await receiveMore(pending, second.value, files, options, caller)
    } catch (error) {
      await discardUnlessKept(measured.blobKey)
      throw error
    }
  }

  /** One transaction, after the bytes: nothing half sent is ever in the database. */
  async function insertWhole(draft: NewUpload, name: string, measured: Measured): Promise<NewUpload> {
    const file = uploadedFile(draft.upload.id, name, measured)
    await repo.insertUpload(draft.upload, [file])
    return { ...draft, files: [file] }
  }

  /** With several files the rows come first, as `pending`: nobody can open the upload before all of it is there. */
  async function insertPending(caller: Caller, name: string, measured: Measured): Promise<NewUpload> {
    const draft = await uploads.prepare({ password: config.featurePassword === 'forced' ? 'pending' : '' }, caller)
    return insertWhole({ ...draft, upload: { ...draft.upload, status: 'pending' } }, name, measured)
  }

  async function receiveMore(
    pending: NewUpload,
    second: IncomingFile,
    rest: AsyncIterator<IncomingFile>,
    options: () => UploadOptions,
    caller: Caller,
  ): Promise<NewUpload> {
    const { id, tokenHash } = pending.upload
    try {
      for (let file = second; ; ) {
        await take(pending.upload, await insertFile(id, creatableName(file.name)), file)
        const next = await rest.next()
        if (next.done) break
        file = next.value
      }
      const { upload } = await uploads.prepare(options(), caller)
      const released = { ...upload, id, tokenHash }
      if (!(await repo.activate(released))) throw new AppError('aborted', 'the upload took too long between two files')
      return { upload: released, files: await repo.listFiles(id), token: pending.token }
    } catch (error) {
      await repo.removeUpload(id)
      onRemoved()
      throw error
    }
  }

  /** Refuses before any byte is read. A missing password is no reason yet: its field may still follow. */
  function assertGrantableSoFar(options: UploadOptions): void {
    const featurePassword = config.featurePassword === 'forced' ? 'enabled' : config.featurePassword
    const { stream } = planUpload(options, { ...config, featurePassword })
    if (stream)
      throw new AppError('bad_request', 'unable to create upload : this server only accepts streaming uploads')
  }

  async function insertFile(uploadId: string, name: string): Promise<StoredFile> {
    const now = clock()
    const declared = { name, size: 0, type: '', reference: '' }
    const file: StoredFile = { ...emptyFile(uploadId, declared, 0, now), status: 'uploading' }
    const position = await repo.addFile(file, config.maxFilesPerUpload, now + LEASE_MS)
    if (position !== undefined) return { ...file, position }
    throw new AppError('bad_request', `maximum number file per upload reached, limit is ${config.maxFilesPerUpload}`)
  }

  /** Takes the bytes of a file that is `uploading`. On failure its slot is burnt, as Plik does. */
  async function take({ stream }: Upload, file: StoredFile, incoming: IncomingFile): Promise<StoredFile> {
    writing.add(file.id)
    try {
      if (stream) return await passOn(file, incoming)
      return await finish(file, await receive(incoming.bytes))
    } catch (error) {
      await burn(file)
      throw error
    } finally {
      writing.delete(file.id)
    }
  }

  /** A stream's bytes go to whoever downloads them; what is left is a `deleted` file that says what it was. */
  async function passOn(file: StoredFile, { bytes, senderGone }: IncomingFile): Promise<StoredFile> {
    const meter = createMeter(config.maxFileSizeBytes)
    await relay.offer(file.id, meter.watch(bytes), senderGone)
    const measured = meter.result()
    await repo.moveFile(file.id, 'uploading', 'deleted', { ...measured, lease_until: null })
    return { ...file, ...measured, status: 'deleted' }
  }

  async function finish(file: StoredFile, measured: Measured): Promise<StoredFile> {
    const now = clock()
    try {
      if (await repo.finishFile(file, measured, now))
        return { ...file, ...measured, status: 'uploaded', uploadedAt: now }
    } catch (error) {
      await discardUnlessKept(measured.blobKey)
      throw error
    }
    await discardUnlessKept(measured.blobKey)
    throw new AppError('not_found', `file ${file.name} (${file.id}) is not available : deleted`) // removed while it came in
  }

  async function receive(bytes: AsyncIterable<Uint8Array>): Promise<Measured> {
    await assertFreeSpace()
    return receiveBlob(blobs, { bytes, limit: config.maxFileSizeBytes })
  }

  /** The database must always be able to commit, so uploads are refused while there is still some space. */
  async function assertFreeSpace(): Promise<void> {
    if (clock() - freeSpaceCheckedAt < FREE_SPACE_CHECK_MS) return
    const free = await blobs.freeBytes()
    if (free !== undefined && free < config.minFreeSpaceBytes) {
      throw new AppError('insufficient_storage', 'no space left on the server')
    }
    freeSpaceCheckedAt = clock()
  }

  function uploadedFile(uploadId: string, name: string, measured: Measured): StoredFile {
    const now = clock()
    const file = emptyFile(uploadId, { name, size: 0, type: '', reference: '' }, 1, now)
    return { ...file, ...measured, status: 'uploaded', uploadedAt: now }
  }

  /** A failing database must not hide why the upload failed; the lease lapses and the sweep burns the slot instead. */
  async function burn(file: StoredFile): Promise<void> {
    await repo.moveFile(file.id, 'uploading', 'deleted', { lease_until: null }).catch(logged('could not burn a slot'))
  }

  /** Deletes bytes that no row came to own. When the database can't say, they stay for the sweep to decide. */
  async function discardUnlessKept(blobKey: string): Promise<void> {
    try {
      const known = await repo.knownBlobs([blobKey])
      if (!known.has(blobKey)) await blobs.delete(blobKey)
    } catch (error) {
      logged('could not discard a blob')(error)
    }
  }

  async function renewLeases(): Promise<void> {
    if (writing.size > 0)
      await repo.renewLeases([...writing], clock() + LEASE_MS).catch(logged('could not renew leases'))
  }

  const logged = (message: string) => (err: unknown) => log.error({ err }, message)

  return { assertMayAddFiles, addFile, fillFile, quickUpload, close: () => clearInterval(renewal) }
}

const tooSlow = () => new AppError('aborted', 'the form did not go on for too long')

/** Throws `bad_request` as Plik words it for a file that is added. */
function creatableName(raw: string): string {
  try {
    return grantedName(raw)
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `unable to create file : ${error.message}`)
    throw error
  }
}
