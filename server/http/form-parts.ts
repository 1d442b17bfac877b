import { Readable } from 'node:stream'
import { Dicer } from '@fastify/busboy'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { digestCheck } from '../uploads/intake/digests.ts'
import { parseHeader } from './header-parameters.ts'
import { withSenderTimeout } from './idle-timeout.ts'

export interface FormPart {
  /** Undefined: the part has none. */
  name: string | undefined
  filename: string | undefined
  bytes: Readable
}

type PartHeaders = Record<string, string[] | undefined>

const MAX_HEADER_PAIRS = 100
/** RFC 2046 §5.1.1 allows 70 characters. */
const MAX_BOUNDARY_LENGTH = 200
/** Parts that were parsed and not asked for yet; then the rest of the body waits. */
const MAX_WAITING_PARTS = 16

/**
 * The parts of a form, `maxParts` at most, each until the next one is asked for. Ends only after the form's final boundary and the end of the
 * body. A part without a `form-data` disposition is passed over, as Plik does.
 *
 * Read with Dicer, the parser beneath @fastify/multipart: only Dicer shows the headers of a part, and the disposition has to
 * be read from there (`filename*` beside a quoted `filename`, RFC 2231).
 *
 * Throws `bad_request` in Plik's words, also where the body is not what its `Content-Digest` says; `aborted`: the sender left.
 * A sender that is silent for `silenceMs` is disconnected; the default is the server's idle timeout.
 */
export async function* readParts(
  request: FastifyRequest,
  maxParts: number,
  silenceMs?: number,
): AsyncGenerator<FormPart> {
  const parser = createParser(boundaryOf(request))
  // The parser would wait for an end that a sender who left before it started will never send.
  if (request.raw.destroyed) throw senderLeft()
  const feeding = feed(request, parser, silenceMs)
  feeding.catch(parser.fail)
  try {
    let count = 0
    for await (const part of parser.parts as AsyncIterable<FormPart>) {
      if (++count > maxParts) throw new AppError('form_too_many_parts', { max: maxParts })
      yield part
      part.bytes.resume() // whatever nobody read
    }
    await feeding
    if (count === 0) throw new AppError('form_empty')
  } catch (error) {
    throw error instanceof AppError ? error : formError(error)
  } finally {
    parser.stop()
  }
}

function boundaryOf({ headers }: FastifyRequest): string {
  const { value, parameters } = parseHeader(headers['content-type'] ?? '')
  // OkHttp's default is `multipart/mixed`, and Plik takes it.
  if (value !== 'multipart/form-data' && value !== 'multipart/mixed') throw new AppError('form_type_wrong')
  const boundary = parameters.get('boundary')
  if (!boundary) throw new AppError('form_boundary_missing')
  if (boundary.length > MAX_BOUNDARY_LENGTH) throw new AppError('form_boundary_too_long')
  return boundary
}

/** Hands the body to the parser as fast as its parts are read. */
async function feed(
  request: FastifyRequest,
  parser: ReturnType<typeof createParser>,
  silenceMs: number | undefined,
): Promise<void> {
  const check = digestCheck(request.headers, ['Content-Digest'])
  const body = request.raw.iterator({ destroyOnReturn: false }) // else nobody could read why it was refused
  for await (const chunk of withSenderTimeout(request, body, silenceMs)) {
    check?.add(chunk)
    if (parser.isEmpty()) assertLinesEndWithCrlf(chunk)
    await parser.write(chunk)
    if (parser.isStopped()) return
  }
  parser.end()
  check?.end()
}

/** Dicer's events as a queue of parts. */
function createParser(boundary: string) {
  const dicer = new Dicer({ boundary, maxHeaderPairs: MAX_HEADER_PAIRS })
  let written = () => {}
  let partTaken = () => {}
  const parts = new Readable({ objectMode: true, highWaterMark: MAX_WAITING_PARTS, read: () => partTaken() })
  const open = new Set<Readable>()
  let isEmpty = true
  let isFinished = false

  dicer.on('part', (bytes) => {
    if (parts.destroyed) throw senderLeft() // out of `dicer.write`: the rest of the chunk may hold thousands of parts
    open.add(bytes)
    bytes.on('error', () => {}) // a part that nobody reads breaks off silently; the form tells of it
    bytes.once('close', () => open.delete(bytes))
    bytes.once('header', (headers) => queue(headers as PartHeaders, bytes))
  })
  dicer.on('finish', () => {
    isFinished = true
    parts.push(null)
    written() // Dicer never confirms the write that filled the last part and also ended it
  })
  dicer.on('error', fail)

  function queue(headers: PartHeaders, bytes: Readable): void {
    const part = describe(headers)
    if (part) parts.push({ ...part, bytes })
    // Dicer makes that of spaces behind a boundary, too. To pass over the part could lose a file.
    else if (Object.keys(headers).length === 0) fail(new AppError('form_part_without_headers'))
    else bytes.resume()
  }

  function fail(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error))
    for (const bytes of open) bytes.destroy(reason)
    parts.destroy(reason)
    written()
    partTaken()
  }

  /** Resolves when the parser has room for more. */
  async function write(chunk: Uint8Array): Promise<void> {
    isEmpty = false
    if (isFinished) return // behind the final boundary: an epilogue, which RFC 2046 allows
    await new Promise<void>((resolve) => {
      written = resolve
      dicer.write(chunk, () => resolve())
    })
    while (parts.readableLength >= MAX_WAITING_PARTS && !parts.destroyed)
      await new Promise<void>((resolve) => {
        partTaken = resolve
      })
  }

  /** A body without a byte is a form without parts, not a broken one. */
  function end(): void {
    if (isEmpty) parts.push(null)
    else if (!isFinished) dicer.end()
  }

  /** Nobody reads any further. */
  function stop(): void {
    parts.destroy()
    for (const bytes of open) bytes.destroy()
    written()
    partTaken()
  }

  return { parts, write, end, fail, stop, isEmpty: () => isEmpty, isStopped: () => parts.destroyed }
}

/** RFC 2046 §4.1.1. Written by hand or by `nc`; Dicer would look for the end of the first line in the whole body. */
function assertLinesEndWithCrlf(start: Uint8Array): void {
  const lineEnd = start.indexOf(10)
  if (start[0] === 45 && lineEnd > 0 && start[lineEnd - 1] !== 13) throw new AppError('form_line_ends_wrong')
}

function describe(headers: PartHeaders): Pick<FormPart, 'name' | 'filename'> | undefined {
  const { value, parameters } = parseHeader(headers['content-disposition']?.[0] ?? '')
  if (value !== 'form-data') return undefined
  return { name: parameters.get('name'), filename: parameters.get('filename') }
}

const senderLeft = (cause?: unknown): AppError => new AppError('form_incomplete', {}, { cause })

/** Of the body or of the parser. */
export function formError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if ((error as { code?: unknown }).code === 'ECONNRESET') return senderLeft(error)
  if (error instanceof Error && error.message.endsWith('end of multipart data'))
    // Dicer's words
    return new AppError('form_end_missing', {}, { cause: error })
  return new AppError('form_unreadable', {}, { cause: error })
}
