import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { preflightHeaders } from '../http/common-headers.ts'
import { fileBaseUrl, fileUrl } from '../http/links.ts'
import { LIMITED_AS_SECRET, NOT_LIMITED, type RateLimited } from '../http/rate-limited.ts'
import { type RawBody, rawBody } from '../http/raw-body.ts'
import { resumptionPath } from '../http/resume-command.ts'
import { AppError } from '../lib/errors.ts'
import { wholeSha256 } from '../uploads/intake/digests.ts'
import type { CreationOptions } from './reservations.ts'
import type { ResumableUpload } from './resumable-upload.ts'
import type { CreatedUpload, ResumableUploads } from './resumable-uploads.ts'
import { distinguishTus, TUS } from './tus-constraint.ts'
import {
  CHECKSUM_ALGORITHMS,
  headerOf,
  isOffsetType,
  OFFSET_TYPE,
  optionsOfMetadata,
  readBytes,
  readChecksum,
  readConcat,
  readLength,
  readMetadata,
  TUS_EXTENSIONS,
  TUS_VERSION,
  UNNAMED,
  withoutSecrets,
} from './tus-protocol.ts'

interface Dependencies {
  resumables: ResumableUploads
  readCaller: CallerReader
  config: Config
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** tus 1.0.0 (tus.io/protocols/resumable-upload) at `/tus`. */
export function tusRoutes({ resumables, readCaller, config }: Dependencies) {
  const options: Handler = async (request, reply) => {
    reply.headers({
      ...preflightHeaders(request),
      'Accept-Patch': 'application/partial-upload', // the IETF's draft, see draft-routes.ts
      'Tus-Version': TUS_VERSION,
      'Tus-Extension': TUS_EXTENSIONS,
      'Tus-Checksum-Algorithm': CHECKSUM_ALGORITHMS,
    })
    if (Number.isFinite(config.maxFileSizeBytes)) reply.header('Tus-Max-Size', config.maxFileSizeBytes)
    return reply.code(204).send()
  }

  const create: Handler = async (request, reply) => {
    const { creation, size, clientFields, uploadToken } = readCreation(request)
    const caller = await readCaller(request)
    const creator = uploadToken === undefined ? caller : { ...caller, uploadToken }
    const concat = readConcat(clientFields.concat || undefined)
    const sender = readCaller.sender(request, reply)
    if (Array.isArray(concat))
      return joinParts(request, reply, await resumables.join(concat, creation, creator, clientFields, sender))
    const chunk = { offset: 0, sender, ...checkedBody(request) } // validated first, so that a rejected request creates nothing
    const target = concat ?? creation.target
    const created = await resumables.create({ ...creation, size: size(), target }, creator, clientFields)
    describeCreated(request, reply, created)
    const hasBytes = isOffsetType(request.headers['content-type'])
    if (!hasBytes && created.resumable.size !== 0) return reply.code(201).send()
    const { offset } = await resumables.append(created.secret, chunk)
    return reply.code(201).header('Upload-Offset', offset).send()
  }

  const joinParts = (request: FastifyRequest, reply: FastifyReply, created: CreatedUpload) => {
    describeCreated(request, reply, created)
    return reply.code(201).send()
  }

  const inspect: Handler = async (request, reply) => {
    const resumable = await resumables.inspect(secretOf(request), readCaller.sender(request, reply))
    reply.headers({ 'Upload-Offset': resumable.offset, ...expiryOf(resumable) })
    if (resumable.size === null) reply.header('Upload-Defer-Length', '1')
    else reply.header('Upload-Length', resumable.size)
    if (resumable.concat !== '') reply.header('Upload-Concat', resumable.concat)
    if (resumable.metadata !== '') reply.header('Upload-Metadata', resumable.metadata)
    return reply.code(200).send()
  }

  const append: Handler = async (request, reply) => {
    if (!isOffsetType(request.headers['content-type']))
      throw new AppError('content_type_invalid', { expected: OFFSET_TYPE })
    const offset = readBytes(request.headers, 'Upload-Offset')
    if (offset === undefined) throw new AppError('upload_offset_missing')
    const uploadSize = readBytes(request.headers, 'Upload-Length')
    const chunk = { offset, uploadSize, sender: readCaller.sender(request, reply), ...checkedBody(request) }
    const resumable = await resumables.append(secretOf(request), chunk)
    return reply
      .code(204)
      .headers({ 'Upload-Offset': resumable.offset, ...expiryOf(resumable) })
      .send()
  }

  const remove: Handler = async (request, reply) => {
    await resumables.remove(secretOf(request))
    return reply.code(204).send()
  }

  const OVERRIDES = new Map([
    ['PATCH', append],
    ['DELETE', remove],
    ['HEAD', inspect],
  ])

  /** For clients behind proxies that allow only GET and POST. */
  const override: Handler = async (request, reply) => {
    const method = headerOf(request.headers, 'x-http-method-override') ?? ''
    const handler = OVERRIDES.get(method.toUpperCase())
    if (!handler) throw new AppError('method_override_invalid', { names: [...OVERRIDES.keys()].join(',') })
    return handler(request, reply)
  }

  /**
   * Returns the link, and the token that is needed to remove the upload; neither is available later. A guest does not get
   * the link.
   */
  function describeCreated(request: FastifyRequest, reply: FastifyReply, created: CreatedUpload): void {
    const { secret, resumable, reservedFile } = created
    reply.headers({
      Location: resumptionPath(request, config, secret),
      ...(reservedFile?.file.requestId === null
        ? { 'X-Mayfly-Link': fileUrl(fileBaseUrl(request, config), reservedFile.file) }
        : {}),
      ...(reservedFile?.uploadToken === undefined ? {} : { 'X-UploadToken': reservedFile.uploadToken }),
      ...expiryOf(resumable),
    })
  }

  return async (app: FastifyInstance): Promise<void> => {
    distinguishTus(app)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _body, done) => done(null))
    app.addHook('onRequest', async (request, reply) => {
      reply.header('Tus-Resumable', TUS_VERSION)
      if (request.method === 'OPTIONS' || headerOf(request.headers, 'tus-resumable') === TUS_VERSION) return
      reply.header('Tus-Version', TUS_VERSION)
      throw new AppError('tus_version_invalid', { expected: TUS_VERSION })
    })
    const route = { constraints: TUS, config: { ...LIMITED_AS_SECRET, hasOwnStatuses: true } }
    const creation = { ...route, config: { ...route.config, rateLimited: limitOf } }
    for (const path of ['/tus', '/tus/']) {
      app.options(path, { config: NOT_LIMITED }, options)
      app.post(path, creation, create)
    }
    app.options('/tus/:secret', { config: NOT_LIMITED }, options)
    app.head('/tus/:secret', route, inspect)
    app.patch('/tus/:secret', route, append)
    app.delete('/tus/:secret', route, remove)
    app.post('/tus/:secret', route, override)
  }
}

/** tus has its own header for checksums, which RFC 9530 sends as `Content-Digest`. */
function checkedBody(request: FastifyRequest): RawBody {
  const checksum = readChecksum(headerOf(request.headers, 'upload-checksum'))
  const body = rawBody(request)
  return checksum ? { ...body, check: checksum } : body
}

/** Adding to an existing upload needs its token. A part is new, whichever upload it names. */
function limitOf({ headers }: FastifyRequest): RateLimited {
  if (headers['x-requesttoken'] !== undefined) return 'secret'
  const isPart = headerOf(headers, 'upload-concat') === 'partial'
  const isIntoExisting = /(?:^|,)\s*uploadid /i.test(headerOf(headers, 'upload-metadata') ?? '')
  return isIntoExisting && !isPart ? 'secret' : 'create'
}

const secretOf = ({ params }: FastifyRequest): string => (params as { secret: string }).secret

const expiryOf = ({ expiresAt }: ResumableUpload) => ({ 'Upload-Expires': new Date(expiresAt).toUTCString() })

function readCreation({ headers }: FastifyRequest) {
  const header = headerOf(headers, 'upload-metadata')
  const metadata = readMetadata(header)
  const uploadId = metadata.get('uploadid')
  const target =
    uploadId === undefined ? { options: optionsOfMetadata(metadata) } : { uploadId, fileId: metadata.get('fileid') }
  const name = metadata.get('filename') ?? metadata.get('name') ?? UNNAMED
  return {
    creation: { name, target, requestToken: headerOf(headers, 'x-requesttoken') } satisfies Omit<
      CreationOptions,
      'size'
    >,
    /** The upload that joins finished parts has no length of its own. */
    size: () => readLength(headers),
    clientFields: {
      metadata: withoutSecrets(header),
      concat: headerOf(headers, 'upload-concat') ?? '',
      sha256: wholeSha256(headers),
    },
    uploadToken: metadata.get('uploadtoken'),
  }
}
