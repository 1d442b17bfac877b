import type { Caller } from '../accounts/caller.ts'
import type { ActivityRecorder } from '../activity/activity-recorder.ts'
import type { Config } from '../config/config.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Sender } from '../lib/sender.ts'
import { type Announcement, mostBytes, NOT_ANNOUNCED } from './intake/announcement.ts'
import type { Quotas } from './intake/quotas.ts'
import type { IncomingFile, UploadsIntake } from './intake/uploads-intake.ts'
import type { Measured, StoredFile, Upload } from './upload.ts'
import { creatableName, planUpload, rulesFor, treatmentOf, type UploadOptions } from './upload-rules.ts'
import { emptyFile, type NewUpload, type Uploads } from './uploads.ts'
import type { UploadsRepo } from './uploads-repo.ts'

interface Dependencies {
  uploads: Uploads
  intake: UploadsIntake
  quotas: Quotas
  repo: UploadsRepo
  clock: Clock
  steady: SteadyClock
  config: Config
  activity: ActivityRecorder
  /** Called when files may have become `removed`. */
  onRemoved: () => void
}

/**
 * Blobs without a row are swept as orphans after five minutes (`uploads-expiry.ts`), so the next part of a form must
 * arrive sooner.
 */
const MAX_UNOWNED_MS = 4 * 60_000

type Treatment = ReturnType<typeof treatmentOf>

export type QuickUploads = ReturnType<typeof createQuickUploads>

/** Uploads in one request, for curl and plain forms. */
export function createQuickUploads({
  uploads,
  intake,
  quotas,
  repo,
  clock,
  steady,
  config,
  activity,
  onRemoved,
}: Dependencies) {
  /**
   * `options` is called again after the last file, since form fields may follow it. `announced`: the size of the file, or
   * of the form. Throws like `UploadsIntake.addFile` and `Uploads.create`; then nothing of the upload is kept.
   */
  async function create(
    incoming: AsyncIterable<IncomingFile>,
    options: () => UploadOptions,
    caller: Caller,
    announced: Announcement = NOT_ANNOUNCED,
    sender?: Sender,
  ): Promise<NewUpload> {
    uploads.assertMayUpload(caller)
    const budget = quotas.budgetFor(caller.user)
    const maxFileSizeBytes = budget.maxFileSizeBytes * (announced.isExact ? 1 : config.maxFilesPerUpload)
    await intake.assertRoomFor({ ...budget, maxFileSizeBytes }, announced)
    const files = incoming[Symbol.asyncIterator]()
    const first = await files.next()
    if (first.done) throw new AppError('form_file_missing')
    const treatment = grantableSoFar(options(), caller)
    const name = creatableName(first.value.name)
    const { bytes } = first.value
    const measured = await intake.receive(bytes, treatment, budget, { sender, maxBytes: mostBytes(announced) })
    const receivedAt = steady()
    try {
      const second = await files.next()
      if (steady() - receivedAt > MAX_UNOWNED_MS) throw tooSlow()
      const finalOptions = () => withSameTreatment(options(), treatment)
      const created = second.done
        ? await insertWhole(caller, await uploads.prepare(finalOptions(), caller), name, measured)
        : await receiveMore(
            await insertPending(caller, name, measured, treatment),
            second.value,
            files,
            finalOptions,
            caller,
            sender,
          )
      activity.uploadCreated(created.upload)
      activity.fileReceived(created.upload, measured.size)
      return created
    } catch (error) {
      await intake.discard(measured.blobKey)
      throw error
    }
  }

  /** Rejects invalid options before any byte is read. A missing password is not rejected yet: its field may follow. */
  function grantableSoFar(options: UploadOptions, caller: Caller): Treatment {
    const featurePassword = config.featurePassword === 'forced' ? 'enabled' : config.featurePassword
    const plan = planUpload(options, { ...rulesFor(caller.user, config), featurePassword })
    if (plan.stream) throw new AppError('only_streaming_allowed')
    return plan
  }

  /** One transaction, after the bytes are stored: an incomplete upload is never in the database. */
  async function insertWhole(caller: Caller, draft: NewUpload, name: string, measured: Measured): Promise<NewUpload> {
    const upload = started(draft.upload)
    const file = uploadedFile(upload.id, name, measured, clock())
    await quotas.insertUpload(upload, [file], caller)
    return { ...draft, upload, files: [file] }
  }

  /** With several files the rows are inserted first, as `pending`: the upload can't be opened until it is complete. */
  async function insertPending(
    caller: Caller,
    name: string,
    measured: Measured,
    { normalize, e2ee }: Treatment,
  ): Promise<NewUpload> {
    const password = config.featurePassword === 'forced' ? 'pending' : ''
    const draft = await uploads.prepare({ password, normalize, e2ee: e2ee ?? '' }, caller)
    return insertWhole(caller, { ...draft, upload: { ...draft.upload, status: 'pending' } }, name, measured)
  }

  async function receiveMore(
    pending: NewUpload,
    second: IncomingFile,
    rest: AsyncIterator<IncomingFile>,
    options: () => UploadOptions,
    caller: Caller,
    sender: Sender | undefined,
  ): Promise<NewUpload> {
    const known = sender && { sender }
    const { id, tokenHash } = pending.upload
    try {
      await intake.add(pending.upload, { ...second, ...known })
      for (let next = await rest.next(); !next.done; next = await rest.next())
        await intake.add(pending.upload, { ...next.value, ...known })
      const { upload } = await uploads.prepare(options(), caller)
      const released = { ...started(upload), id, tokenHash }
      if (!(await repo.activate(released))) throw tooSlow()
      return { upload: released, files: await repo.listFiles(id), token: pending.token }
    } catch (error) {
      await repo.removeUpload(id)
      onRemoved()
      throw error
    }
  }

  return { create }
}

/** The first file was received before the upload was created. */
const started = (upload: Upload): Upload => ({ ...upload, startedAt: upload.createdAt })

function uploadedFile(uploadId: string, name: string, measured: Measured, now: number): StoredFile {
  const file = emptyFile(uploadId, { name, size: 0, type: '', reference: '' }, 1, now)
  return { ...file, ...measured, status: 'uploaded', uploadedAt: now }
}

/**
 * Rejects form fields that follow a file and would change how it was treated: a sender who wants files unchanged, or only
 * encrypted files, must not learn of it later.
 */
function withSameTreatment(options: UploadOptions, given: Treatment): UploadOptions {
  const { normalize, e2ee } = treatmentOf(options)
  if (e2ee !== given.e2ee) throw new AppError('e2ee_after_files')
  if (normalize === given.normalize) return options
  throw new AppError('normalize_after_files')
}

const tooSlow = () => new AppError('form_timed_out')
