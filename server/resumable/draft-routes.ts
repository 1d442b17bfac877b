import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { fileBaseUrl, fileUrl } from '../http/links.ts'
import { LIMITED_AS_SECRET, type RateLimited } from '../http/rate-limited.ts'
import { rawBody } from '../http/raw-body.ts'
import { announceResumption, resumptionPath } from '../http/resume-command.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { wholeSha256 } from '../uploads/intake/digests.ts'
import { optionsOfRequest } from '../uploads/quick-options.ts'
import { completeHeader, fileNameOf, interopOf, limitHeader, readComplete, readContentRange } from './draft-protocol.ts'
import type { Chunk, ResumableUpload } from './resumable-upload.ts'
import type { ResumableUploads } from './resumable-uploads.ts'
import { distinguishTus, NOT_TUS } from './tus-constraint.ts'
import { headerOf, optionsOfMetadata, readBytes, readMetadata, UNNAMED, withoutSecrets } from './tus-protocol.ts'

interface Dependencies {
  resumables: ResumableUploads
  readCaller: CallerReader
  clock: Clock
  config: Config
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/**
 * The IETF's resumable uploads (draft-ietf-httpbis-resumable-upload), on the same resources as tus, and PUT with
 * `Content-Range` for curl. An upload can be started with one protocol and finished with another.
 */
export function draftRoutes({ resumables, readCaller, clock, config }: Dependencies) {
  const create: Handler = async (request, reply) => {
    const isComplete = readComplete(request.headers)
    if (isComplete === undefined) throw new AppError('resumable_protocol_unknown')
    const body = rawBody(request)
    const header = headerOf(request.headers, 'upload-metadata')
    const metadata = readMetadata(header)
    const creation = {
      size: readBytes(request.headers, 'Upload-Length') ?? (isComplete ? body.size : undefined),
      name: fileNameOf(request.headers['content-disposition']) ?? metadata.get('filename') ?? UNNAMED,
      target: { options: { ...optionsOfMetadata(metadata), ...optionsOfRequest(request) } },
      requestToken: headerOf(request.headers, 'x-requesttoken'),
    }
    const clientFields = { metadata: withoutSecrets(header), sha256: wholeSha256(request.headers) }
    const { secret, resumable, reservedFile } = await resumables.create(
      creation,
      await readCaller(request),
      clientFields,
    )
    const headers = { Location: resumptionPath(request, config, secret), ...limitHeader(resumable, clock()) }
    announceResumption(request, reply, { ...headers, ...interopOf(request.headers) })
    reply.headers({
      ...headers,
      ...(reservedFile?.uploadToken === undefined ? {} : { 'X-UploadToken': reservedFile.uploadToken }),
    })
    const chunk = { offset: 0, isLast: isComplete, sender: readCaller.sender(request, reply), ...body }
    return answer(request, reply, await resumables.append(secret, chunk), 201)
  }

  const inspect: Handler = async (request, reply) => {
    const resumable = await resumables.inspect(secretOf(request), readCaller.sender(request, reply))
    if (resumable.size !== null) reply.header('Upload-Length', resumable.size)
    return reply.code(204).headers(stateOf(request, resumable)).send()
  }

  const append: Handler = async (request, reply) => {
    const offset = readBytes(request.headers, 'Upload-Offset')
    if (offset === undefined) throw new AppError('upload_offset_missing')
    const isLast = readComplete(request.headers)
    const uploadSize = readBytes(request.headers, 'Upload-Length')
    return take(request, reply, { offset, uploadSize, isLast, ...rawBody(request) })
  }

  /**
   * Without `Content-Range` the body is the whole file, which `curl -C 0` sends; a second whole body is rejected like any
   * wrong offset.
   */
  const put: Handler = async (request, reply) => {
    const { offset, uploadSize } = readContentRange(headerOf(request.headers, 'content-range')) ?? { offset: 0 }
    return take(request, reply, { offset, uploadSize, isLast: true, ...rawBody(request) })
  }

  async function take(request: FastifyRequest, reply: FastifyReply, chunk: Chunk): Promise<FastifyReply> {
    const sender = readCaller.sender(request, reply)
    try {
      return await answer(request, reply, await resumables.append(secretOf(request), { ...chunk, sender }), 204)
    } catch (error) {
      if (kindOf(error) === 'conflict')
        reply.headers(stateOf(request, await resumables.inspect(secretOf(request), sender))) // draft §4.4.2: 409 contains the offset
      throw error
    }
  }

  /** A finished upload is answered with the file's link, like a quick upload; a guest does not get the link. */
  async function answer(request: FastifyRequest, reply: FastifyReply, resumable: ResumableUpload, unfinished: number) {
    reply.headers(stateOf(request, resumable))
    const file = await resumables.fileOf(resumable)
    if (!file) return reply.code(unfinished).send()
    if (file.requestId !== null) return reply.code(200).send()
    const link = fileUrl(fileBaseUrl(request, config), file)
    return reply.code(200).type('text/plain; charset=utf-8').send(`${link}\n`)
  }

  const stateOf = (request: FastifyRequest, resumable: ResumableUpload) => ({
    'Upload-Offset': resumable.offset,
    ...completeHeader(resumable),
    ...limitHeader(resumable, clock()),
    ...interopOf(request.headers),
  })

  /** Redirects to the finished file, as clients written for tusd expect. A guest does not get its address. */
  const read: Handler = async (request, reply) => {
    const file = await resumables.fileOf(await resumables.find(secretOf(request)))
    if (!file || file.requestId !== null) throw new AppError('file_not_finished')
    return reply.redirect(fileUrl(fileBaseUrl(request, config), file), 302)
  }

  const remove: Handler = async (request, reply) => {
    await resumables.remove(secretOf(request))
    return reply.code(204).send()
  }

  return async (app: FastifyInstance): Promise<void> => {
    distinguishTus(app)
    app.removeAllContentTypeParsers()
    app.addHook('onRequest', async ({ headers }) => {
      delete headers['content-type'] // otherwise Fastify answers 415 to types it has no parser for
    })
    app.addContentTypeParser('*', (_request, _body, done) => done(null))
    const route = { constraints: NOT_TUS, config: { ...LIMITED_AS_SECRET, hasOwnStatuses: true } }
    const creation = { ...route, config: { ...route.config, rateLimited: limitOf } }
    for (const path of ['/tus', '/tus/']) app.post(path, creation, create)
    app.get('/tus/:secret', { config: route.config }, read) // in both protocols
    app.head('/tus/:secret', route, inspect)
    app.patch('/tus/:secret', route, append)
    app.put('/tus/:secret', route, put)
    app.delete('/tus/:secret', route, remove)
  }
}

/** Guests only add to existing uploads. */
const limitOf = ({ headers }: FastifyRequest): RateLimited =>
  headers['x-requesttoken'] === undefined ? 'create' : 'secret'

const secretOf = ({ params }: FastifyRequest): string => (params as { secret: string }).secret
