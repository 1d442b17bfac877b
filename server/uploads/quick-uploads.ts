import type { Caller } from '../accounts/caller.ts'
import type { ActivityRecorder } from '../activity/activity-recorder.ts'
import type { Config } from '../config/config.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Sender } from '../lib/sender.ts'
import { type Announcement, mostBytes, NOT_ANNOUNCED } from './intake/announcement.ts'
import type { Budget, Quotas } from './intake/quotas.ts'
import type { IncomingFile, UploadsIntake } from './intake/uploads-intake.ts'
import type { Measured, StoredFile } from './upload.ts'
import { creatableName, planUpload, rulesFor, treatmentOf, type UploadOptions } from './upload-rules.ts'
import { emptyFile, type NewUpload, type Uploads } from './uploads.ts'
import { MIN_ORPHAN_AGE_MS } from './uploads-expiry.ts'

interface Dependencies {
  uploads: Uploads
  intake: UploadsIntake
  quotas: Quotas
  clock: Clock
  steady: SteadyClock
  config: Config
  activity: ActivityRecorder
}

interface ReceivedFile {
  name: string
  measured: Measured
}

type Treatment = ReturnType<typeof treatmentOf>

/** The orphan sweep must not take the first blob of a form before its rows are inserted. */
const MAX_FORM_MS = MIN_ORPHAN_AGE_MS - 60 * 60 * 1000

export type QuickUploads = ReturnType<typeof createQuickUploads>

/** Uploads in one request, for curl and plain forms. */
export function createQuickUploads({ uploads, intake, quotas, clock, steady, config, activity }: Dependencies) {
  /**
   * `options` is called again after the last file, since form fields may follow it. `announced`: the size of the file, or
   * of the form. Throws like `UploadsIntake.addFile` and `Uploads.create`; `aborted`: the form took almost a day after its first file. Then
   * nothing of the upload is kept.
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
    const received: ReceivedFile[] = []
    let treatment: Treatment | undefined
    let firstReceivedAt: number | undefined
    try {
      for await (const file of incoming) {
        treatment ??= grantableSoFar(options(), caller)
        received.push(await receive(file, received, treatment, budget, announced, sender))
        firstReceivedAt ??= steady()
      }
      if (!treatment || firstReceivedAt === undefined) throw new AppError('form_file_missing')
      if (steady() - firstReceivedAt > MAX_FORM_MS) throw new AppError('form_timed_out')
      return await insert(await uploads.prepare(withSameTreatment(options(), treatment), caller), received, caller)
    } catch (error) {
      for (const { measured } of received) await intake.discard(measured.blobKey)
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

  /** Stores one more file of the same form; `before` are those that have no rows yet. */
  async function receive(
    { name, bytes }: IncomingFile,
    before: readonly ReceivedFile[],
    treatment: Treatment,
    budget: Budget,
    announced: Announcement,
    sender: Sender | undefined,
  ): Promise<ReceivedFile> {
    if (before.length >= config.maxFilesPerUpload)
      throw new AppError('too_many_files', { max: config.maxFilesPerUpload })
    const unrecordedBytes = before.reduce((sum, { measured }) => sum + measured.size, 0)
    const most = mostBytes(announced)
    const maxBytes = most && Math.max(0, most - unrecordedBytes)
    const creatable = creatableName(name)
    const measured = await intake.receive(bytes, treatment, { ...budget, unrecordedBytes }, { sender, maxBytes })
    return { name: creatable, measured }
  }

  /** One transaction, after the bytes are stored: an incomplete upload is never in the database. */
  async function insert(draft: NewUpload, received: readonly ReceivedFile[], caller: Caller): Promise<NewUpload> {
    const upload = { ...draft.upload, startedAt: draft.upload.createdAt } // its files are complete
    const now = clock()
    const files = received.map(({ name, measured }, index): StoredFile => {
      const file = emptyFile(upload.id, { name, size: 0, type: '', reference: '' }, index + 1, now)
      return { ...file, ...measured, status: 'uploaded', uploadedAt: now }
    })
    await quotas.insertUpload(upload, files, caller)
    activity.uploadCreated(upload)
    for (const { size } of files) activity.fileReceived(upload, size)
    return { ...draft, upload, files }
  }

  return { create }
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
