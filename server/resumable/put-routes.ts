import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { ErrorKind } from '../errors/kinds.ts'
import type { CallerReader } from '../http/caller.ts'
import { withIdleTimeout } from '../http/idle-timeout.ts'
import { serverUrl } from '../http/links.ts'
import { LIMITED_AS_CREATE } from '../http/rate-limited.ts'
import { announcedBody, rawBody, wholeBody } from '../http/raw-body.ts'
import { refuseGuests } from '../http/refuse-guests.ts'
import { announceResumption, resumeCommand, resumptionPath } from '../http/resume-command.ts'
import type { AnswerUpload } from '../http/upload-answer.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, asAppError, kindOf, reworded } from '../lib/errors.ts'
import { wholeSha256 } from '../uploads/intake/digests.ts'
import type { IncomingFile } from '../uploads/intake/uploads-intake.ts'
import { optionsOfRequest } from '../uploads/quick-options.ts'
import type { QuickUploads } from '../uploads/quick-uploads.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import { expiryOf } from '../uploads/upload-rules.ts'
import { completeHeader, interopOf, limitHeader, readComplete } from './draft-protocol.ts'
import type { ReservedFile } from './reservations.ts'
import type { ResumableUploads } from './resumable-uploads.ts'
import { readBytes, UNNAMED } from './tus-protocol.ts'

interface Dependencies {
  resumables: ResumableUploads
  quickUploads: QuickUploads
  readCaller: CallerReader
  answerUpload: AnswerUpload
  clock: Clock
  config: Config
}

/** Smaller files are faster to send again than to resume, and are stored in one transaction. */
const WORTH_RESUMING_BYTES = 1024 * 1024

/**
 * Errors after which an upload can't be resumed; after all others the received bytes are kept. A full disk must not stay
 * full.
 */
const FINAL: (ErrorKind | undefined)[] = [
  'bad_request',
  'too_large',
  'forbidden',
  'not_found',
  'conflict',
  'insufficient_storage',
]

/**
 * `curl -T x host`: sends a file, returns its link. Clients that can receive the resume URL may continue an interrupted
 * upload.
 */
export function putRoutes({ resumables, quickUploads, readCaller, answerUpload, clock, config }: Dependencies) {
  const upload = (request: FastifyRequest, reply: FastifyReply) =>
    isWorthResuming(request) ? uploadResumably(request, reply) : uploadAtOnce(request, reply)

  async function uploadAtOnce(request: FastifyRequest, reply: FastifyReply) {
    const caller = await readCaller(request)
    const options = optionsOfRequest(request)
    const { bytes } = wholeBody(request)
    const created = await quickUploads.create(
      only({ name: nameOf(request), bytes }),
      () => options,
      caller,
      announcedBody(request),
      readCaller.sender(request, reply),
    )
    return answerUpload(request, reply, created)
  }

  async function uploadResumably(request: FastifyRequest, reply: FastifyReply) {
    const { headers } = request
    const isDraft = readComplete(headers) !== undefined
    const isComplete = readComplete(headers) ?? true
    const { bytes, size, check } = rawBody(request)
    const total = readBytes(headers, 'Upload-Length') ?? (isComplete ? size : undefined)
    const creation = { name: nameOf(request), size: total, target: { options: optionsOfRequest(request) } }
    const { secret, resumable, reservedFile } = await resumables.create(creation, await readCaller(request), {
      sha256: wholeSha256(headers),
    })
    const where = { Location: resumptionPath(request, config, secret), ...limitHeader(resumable, clock()) }
    const command = resumeCommand(request, config, secret, creation.name)
    announceResumption(request, reply, { ...where, ...interopOf(headers), 'X-Mayfly-Resume': command })
    const sender = readCaller.sender(request, reply)
    const chunk = { offset: 0, isLast: isComplete, size, check, sender, bytes: withIdleTimeout(request, bytes) }
    const appended = await resumables.append(secret, chunk).catch(async (error: unknown) => {
      if (FINAL.includes(kindOf(error))) await resumables.abort(secret).catch(() => {})
      else reply.headers(where)
      throw explained(error, command)
    })
    reply.headers({ ...completeHeader(appended), ...interopOf(headers), 'Upload-Offset': appended.offset })
    const file = await resumables.fileOf(appended)
    if (isDraft) reply.headers(where) // whether or not the client received the 104 response
    if (!file) return reply.code(201).send()
    const { upload, uploadToken = '' } = reservedFile as ReservedFile // only parts have none
    return answerUpload(request, reply, { upload: startedBy(file, upload), files: [file], token: uploadToken })
  }

  /** A form would be stored unparsed, with its part headers around the file. */
  async function refuseForm(request: FastifyRequest): Promise<void> {
    if (!/^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '')) return
    const url = serverUrl(request, config)
    throw new AppError('form_by_put', { url })
  }

  return async (app: FastifyInstance): Promise<void> => {
    app.removeAllContentTypeParsers()
    app.addHook('onRequest', refuseForm)
    app.addHook('onRequest', async ({ headers }) => void delete headers['content-type']) // otherwise Fastify answers 415 to types it has no parser for
    app.addContentTypeParser('*', (_request, _body, done) => done(null))
    app.addHook('onRequest', refuseGuests)
    for (const path of ['/', '/:name']) app.put(path, { config: LIMITED_AS_CREATE }, upload)
  }
}

/** curl shows interim responses (with -i or -v) and the final message; other clients announce support in a header. */
function isWorthResuming({ headers }: FastifyRequest): boolean {
  if (readComplete(headers) !== undefined) return true
  const size = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY)
  return size >= WORTH_RESUMING_BYTES && /^curl\//.test(headers['user-agent'] ?? '')
}

function explained(error: unknown, command: string): unknown {
  const refused = asAppError(error)
  if (!refused || FINAL.includes(refused.kind)) return error
  return reworded(refused, `${refused.message}\nThe data received so far is kept. To resume:\n${command}`)
}

/** The first complete file starts the TTL of its upload. */
function startedBy({ uploadedAt }: StoredFile, upload: Upload): Upload {
  if (uploadedAt === null) return upload
  return { ...upload, startedAt: uploadedAt, expiresAt: expiryOf(upload.ttlSeconds, uploadedAt) }
}

const nameOf = ({ params }: FastifyRequest): string => (params as { name?: string }).name ?? UNNAMED

async function* only(file: IncomingFile): AsyncGenerator<IncomingFile> {
  yield file
}
