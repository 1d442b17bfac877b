import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ByteRange } from '../../storage/blob-store.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Config } from '../config/config.ts'
import { mayAccelerate } from '../http/accel-redirect.ts'
import type { CallerReader } from '../http/caller.ts'
import { contentHeaders, disposition, type HeaderList } from '../http/content-headers.ts'
import { createContentGuard } from '../http/domains.ts'
import { downloaderCookieFor, downloaderOf, isPreview, readerOf } from '../http/downloader.ts'
import { withReaderTimeout } from '../http/idle-timeout.ts'
import { acceptAnyBody, BYTES_WITH_FILES, readJson } from '../http/json-body.ts'
import { receiptOf } from '../http/receipt.ts'
import { mayRedirect } from '../http/s3-redirect.ts'
import { STALLED_READER_MS, sendContent } from '../http/send-content.ts'
import { readDerivation } from '../images/derivation.ts'
import { AppError } from '../lib/errors.ts'
import { servedContentType } from '../uploads/intake/content-type.ts'
import { wantsSha256 } from '../uploads/intake/digests.ts'
import { ArchiveBody } from '../uploads/upload-shapes.ts'
import { ifRangeMatches, isLook, isNotModified, parseRange, preconditionFailed } from './byte-range.ts'
import type { Download, Downloads } from './downloads.ts'

interface Dependencies {
  downloads: Downloads
  readCaller: CallerReader
  config: Config
}

/**
 * GET and HEAD of files and archives. `/stream` and `/file` share one route handler: only the upload knows whether it is
 * a stream. HEAD has handlers of its own, so that it never takes a claim.
 */
export function downloadsRoutes({ downloads, readCaller, config }: Dependencies) {
  /** Plik checks the password before the status. */
  const assertDownloadDomain = createContentGuard(config)

  async function findFile(request: FastifyRequest, caller: Caller, reply: FastifyReply): Promise<Download> {
    const { uploadId, fileId, '*': name } = request.params as Record<string, string>
    const ref = { uploadId: uploadId as string, fileId: fileId as string, name: name as string }
    const derivation = readDerivation(request.query as Record<string, string | string[] | undefined>)
    const waitSignal = hasParameter(request, 'wait') ? waitSignalOf(reply) : undefined
    if (derivation || waitSignal) request.socket.setTimeout(0) // the connection is idle while an image is derived or a file is uploaded
    const reader = derivation && readCaller.sender(request, reply)
    return downloads.findFile(ref, caller, () => assertDownloadDomain(request), derivation, reader, waitSignal)
  }

  async function findArchive(request: FastifyRequest, caller: Caller): Promise<Download> {
    const { uploadId, '*': name } = request.params as Record<string, string>
    const chooseFiles = async () => fileIdsOf(request)
    const ref = { uploadId: uploadId as string, name: name as string, chooseFiles, ...withoutLostIn(request) }
    return downloads.findArchive(ref, caller, () => assertDownloadDomain(request))
  }

  async function findSelection(request: FastifyRequest, caller: Caller): Promise<Download> {
    const { uploadId } = request.params as Record<string, string>
    const chooseFiles = async () => {
      const { files } = await readJson(request, ArchiveBody, { maxBytes: BYTES_WITH_FILES })
      return files ?? fileIdsOf(request)
    }
    const ref = { uploadId: uploadId as string, name: 'archive.zip', chooseFiles, ...withoutLostIn(request) }
    return downloads.findArchive(ref, caller, () => assertDownloadDomain(request))
  }

  const get = (find: typeof findFile) => async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = await readCaller(request)
    const download = await find(request, caller, reply)
    const { status, range, headers } = answerTo(request, download)
    if (status === 304) return withHeaders(reply.code(304), headers).send()
    const address = await addressInBucket(request, download)
    if (address !== undefined) {
      downloads.record(download, range, { bytes: bytesOf(range, download), isWhole: true }, readerOf(request, caller))
      return reply.code(302).header('Location', address).send()
    }
    const path = await pathForProxy(request, download, range)
    if (path !== undefined) {
      downloads.record(download, range, { bytes: bytesOf(range, download), isWhole: true }, readerOf(request, caller))
      withHeaders(reply, headers).header('X-Accel-Redirect', path)
      if (!range) reply.removeHeader('Accept-Ranges') // nginx adds its own to whole files
      return reply.send()
    }
    request.socket.setTimeout(0) // the downloader's timeout does not run while the store is read; Node sets it again for the next request
    const { bytes, part } = await read(request, reply, caller, download, range)
    const sent = await sendContent(reply, status, [...headers, ...lengthOf(part, download)], bytes)
    downloads.record(download, part, sent, readerOf(request, caller))
    return reply
  }

  /** The path for nginx, if it may send the bytes. */
  async function pathForProxy(request: FastifyRequest, download: Download, range: ByteRange | undefined) {
    const content = { bytes: bytesOf(range, download), isPart: range !== undefined }
    if (!mayAccelerate(request, content, config)) return undefined
    const path = await downloads.pathOf(download)
    return path && config.accelRedirect + path
  }

  /** Where the bytes may be fetched from the bucket. */
  async function addressInBucket(request: FastifyRequest, download: Download): Promise<string | undefined> {
    if (!mayRedirect(request, download, hasParameter(request, 'dl'), config)) return undefined
    return downloads.addressOf(download, {
      contentType: servedContentType(download.type, download.name),
      contentDisposition: disposition(download.name, 'attachment'),
      cacheControl: 'no-store',
    })
  }

  async function read(
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    download: Download,
    range: ByteRange | undefined,
  ): ReturnType<Downloads['read']> {
    if (!download.isLimited) return downloads.read(download, range)
    if (isPreview(request)) throw previewRefusal()
    const downloader = downloaderOf(request, caller)
    const { socket } = request
    const isStream = download.source.kind === 'stream'
    if (isStream) socket.setTimeout(0) // the connection is idle until the sender begins
    const { gone } = readCaller.sender(request, reply)
    const reader = {
      downloaderId: downloader.id,
      receipt: () => receiptOf(socket),
      isLook: isLook(request.headers.range),
      gone,
    }
    const { bytes, part } = await downloads.read(download, range, reader)
    if (downloader.newCookie) setDownloaderCookie(reply, downloader.newCookie)
    return { bytes: isStream ? withReaderTimeout(socket, bytes, STALLED_READER_MS) : bytes, part }
  }

  const head = (find: typeof findFile) => async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = await readCaller(request)
    const download = await find(request, caller, reply)
    await downloads.check(download, downloaderOf(request, caller).id)
    const { status, headers } = answerTo(request, download)
    return withHeaders(reply.code(status), [...headers, ...lengthOf(undefined, download)]).send()
  }

  /** Set as a raw header: `reply.setCookie` writes its header only in `reply.send`, which content bypasses. */
  function setDownloaderCookie(reply: FastifyReply, value: string): void {
    const maxAge = Math.ceil(config.claimWindowMs / 1000)
    const { request } = reply
    const options = { path: '/', httpOnly: true, sameSite: 'lax', maxAge, secure: request.overHttps } as const
    reply.header('Set-Cookie', reply.server.serializeCookie(downloaderCookieFor(request), value, options))
  }

  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)
    for (const mode of ['file', 'stream']) {
      app.get(`/${mode}/:uploadId/:fileId/*`, get(findFile))
      app.head(`/${mode}/:uploadId/:fileId/*`, head(findFile))
    }
    app.get('/archive/:uploadId/*', get(findArchive))
    app.head('/archive/:uploadId/*', head(findArchive))
    app.post('/archive/:uploadId', get(findSelection))
  }
}

interface Answer {
  status: 200 | 206 | 304
  range: ByteRange | undefined
  headers: HeaderList
}

/** Decides between the whole content, a part and 304. Throws `precondition_failed`, `range_not_satisfiable`. */
function answerTo(request: FastifyRequest, download: Download): Answer {
  const headers = contentHeaders(download, {
    asAttachment: hasParameter(request, 'dl'),
    wantsSha256: wantsSha256(request.headers),
  })
  const { size, validators } = download
  const whole: Answer = { status: 200, range: undefined, headers }
  if (size === undefined || validators === undefined) return whole
  const conditions = conditionsOf(request)
  if (preconditionFailed(conditions, validators)) {
    throw new AppError('precondition_failed')
  }
  if (request.method === 'POST') return whole // RFC 9110 §14.2: ranges are for GET
  if (isNotModified(conditions, validators)) return { status: 304, range: undefined, headers }
  if (request.method === 'HEAD' || !ifRangeMatches(conditions.ifRange, validators)) return whole
  const range = parseRange(request.headers.range, size)
  if (range === 'whole') return whole
  if (range === 'unsatisfiable') {
    throw new AppError('range_outside_file', { size }, { size })
  }
  return { status: 206, range, headers }
}

const bytesOf = (part: ByteRange | undefined, { size = 0 }: Download): number =>
  part ? part.end - part.start + 1 : size

/** The headers that describe the length of the whole or of a part. */
function lengthOf(part: ByteRange | undefined, download: Download): HeaderList {
  const { size } = download
  if (size === undefined) return []
  const length = ['Content-Length', bytesOf(part, download)]
  return part ? [...length, 'Content-Range', `bytes ${part.start}-${part.end}/${size}`] : length
}

function withHeaders(reply: FastifyReply, headers: HeaderList): FastifyReply {
  for (let index = 0; index < headers.length; index += 2) reply.header(String(headers[index]), headers[index + 1])
  return reply
}

const conditionsOf = ({ headers }: FastifyRequest) => ({
  ifMatch: headers['if-match'],
  ifUnmodifiedSince: headers['if-unmodified-since'],
  ifNoneMatch: headers['if-none-match'],
  ifModifiedSince: headers['if-modified-since'],
  ifRange: headers['if-range']?.toString(),
})

/** Shorter than the default timeout of proxies, one minute. */
const WAIT_MS = 50_000

/** Aborts after `WAIT_MS`, or when the client disconnects. */
function waitSignalOf({ raw }: FastifyReply): AbortSignal {
  const hangUp = new AbortController()
  raw.once('close', () => hangUp.abort())
  return AbortSignal.any([hangUp.signal, AbortSignal.timeout(WAIT_MS)])
}

const hasParameter = ({ query }: FastifyRequest, name: string): boolean =>
  Boolean((query as Record<string, unknown>)[name])

/** `?rest=true` leaves lost files out of an archive. */
const withoutLostIn = (request: FastifyRequest) => ({ withoutLost: hasParameter(request, 'rest') })

/** `?file=`, repeatable, selects files of an archive. */
function fileIdsOf({ query }: FastifyRequest): string[] | undefined {
  const { file } = query as Record<string, string | string[] | undefined>
  return file === undefined ? undefined : [file].flat()
}

const previewRefusal = () => new AppError('no_preview')
