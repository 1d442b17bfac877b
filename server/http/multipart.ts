import { finished } from 'node:stream/promises'
import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { digestCheck } from './digests.ts'
import { whileSenderSpeaks } from './silence.ts'

/** Only the file's own limit counts for its size; everything around files is small. */
const LIMITS = {
  fileSize: Number.POSITIVE_INFINITY,
  fields: 100,
  fieldSize: 64 * 1024,
  fieldNameSize: 100,
  parts: 10_000,
  headerPairs: 100,
}

/** Makes `multipart/form-data` bodies of a scope readable by `readForm`, and leaves all others as they come. */
export async function acceptForms(scope: FastifyInstance): Promise<void> {
  scope.removeAllContentTypeParsers()
  scope.addHook('onRequest', async ({ headers }) => {
    if (!/^multipart\//i.test(headers['content-type'] ?? '')) delete headers['content-type'] // Fastify answers 415 to what it can't read
  })
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
  await scope.register(multipart, { limits: LIMITS, preservePath: true, throwFileSizeLimit: false })
}

export interface FormFile {
  name: string
  bytes: AsyncIterable<Uint8Array>
}

/**
 * The files of a form: the parts named `file`, in order; others are skipped, fields go to `onField`. A file must be read
 * before the next one is asked for. Ends only after the form's final boundary; a form that breaks off before throws.
 * Throws `bad_request` in Plik's words.
 */
export async function* readForm(
  request: FastifyRequest,
  onField: (name: string, value: string) => void = () => {},
): AsyncGenerator<FormFile> {
  for await (const part of readParts(request)) {
    if (part.fieldname === 'file') yield fileOf(request, part)
    else if (part.type === 'field') onField(part.fieldname, String(part.value))
  }
}

/**
 * The first file of a form, as Plik's routes take it; whatever follows is ignored. Its bytes end only once the whole form
 * was read, so that a form that breaks off after the file is never taken for a complete one. Throws as `readForm`;
 * `bad_request`: no file; `alone`: or another one after it.
 */
export async function readSingleFile(request: FastifyRequest, { alone = false } = {}): Promise<FormFile> {
  const parts = readParts(request)
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.fieldname !== 'file') continue
    const { name, bytes } = fileOf(request, next.value)
    return { name, bytes: thenRest(bytes, parts, alone) }
  }
  throw new AppError('bad_request', 'missing file from multipart form')
}

/** Every part, each until the next one is asked for. Throws as `readForm`. */
async function* readParts(request: FastifyRequest): AsyncGenerator<Multipart> {
  assertIsForm(request)
  // The parser waits for an end that a sender who left before it started will never send.
  if (request.raw.destroyed) throw new AppError('aborted', 'the form ended before it was complete')
  const endCheck = watchDigest(request)
  let hasParts = false
  try {
    for await (const part of whileSenderSpeaks(request, request.parts())) {
      hasParts = true
      yield part
      if (part.type === 'file') part.file.resume() // whatever nobody read
    }
    await endCheck?.()
  } catch (error) {
    throw error instanceof AppError ? error : formError(error)
  }
  if (!hasParts) throw new AppError('bad_request', 'invalid multipart form : multipart: NextPart: EOF')
}

/** Digests the body beside the parser. What is returned waits for its end, and throws `bad_request` when it is not what was announced. */
function watchDigest({ raw, headers }: FastifyRequest): (() => Promise<void>) | undefined {
  const check = digestCheck(headers, ['Content-Digest'])
  if (!check) return undefined
  raw.on('data', check.add)
  const ended = finished(raw, { writable: false })
  ended.catch(() => {}) // the parser tells of it
  return () => ended.then(check.end)
}

function fileOf(request: FastifyRequest, part: Multipart): FormFile {
  if (part.type === 'field' || !part.filename)
    throw new AppError('bad_request', 'missing file name from multipart form')
  return { name: part.filename, bytes: whileSenderSpeaks(request, readFile(part)) }
}

async function* readFile({ file }: MultipartFile): AsyncGenerator<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    throw formError(error)
  }
}

async function* thenRest(
  bytes: AsyncIterable<Uint8Array>,
  rest: AsyncIterable<Multipart>,
  alone: boolean,
): AsyncGenerator<Uint8Array> {
  yield* bytes
  for await (const { fieldname } of rest) {
    if (alone && fieldname === 'file') throw new AppError('bad_request', 'one file at a time, please')
  }
}

function assertIsForm(request: FastifyRequest): void {
  const contentType = request.headers['content-type'] ?? ''
  if (!request.isMultipart()) {
    throw new AppError('bad_request', "invalid multipart form : request Content-Type isn't multipart/form-data")
  }
  if (!/;\s*boundary="?[^";\s]/i.test(contentType)) {
    throw new AppError('bad_request', 'invalid multipart form : no multipart boundary param in Content-Type')
  }
}

function formError(error: unknown): AppError {
  const code = String((error as { code?: unknown }).code ?? '')
  if (code === 'FST_MP_PREMATURE_CLOSE' || code === 'ECONNRESET') {
    return new AppError('aborted', 'the form ended before it was complete', { cause: error })
  }
  const reason = error instanceof Error ? error.message : 'unreadable'
  return new AppError('bad_request', `invalid multipart form : ${reason}`, { cause: error })
}
