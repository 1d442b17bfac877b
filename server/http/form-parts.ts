import { Readable } from 'node:stream'
import { Dicer } from '@fastify/busboy'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { digestCheck } from '../uploads/intake/digests.ts'
import { parseHeader } from './header-parameters.ts'
import { withSenderTimeout } from './idle-timeout.ts'

export interface FormPart {
  /** Undefined if the part has no name. */
  name: string | undefined
  filename: string | undefined
  bytes: Readable
}

type PartHeaders = Record<string, string[] | undefined>

const MAX_HEADER_PAIRS = 100
/** RFC 2046 §5.1.1 allows 70 characters. */
const MAX_BOUNDARY_LENGTH = 200
/** Parsed parts that were not yet requested; beyond this number the body is paused. */
const MAX_WAITING_PARTS = 16

/**
 * The parts of a form, at most `maxParts`, each valid until the next one is requested. Ends only after the form's final
 * boundary and the end of the body. A part without a `form-data` disposition is skipped, as in Plik. Parsed with Dicer,
 * the parser beneath @fastify/multipart: only Dicer exposes the headers of a part, which are needed for the disposition
 * (`filename*` beside a quoted `filename`, RFC 2231). Throws `bad_request` in Plik's words, also if the body does not
 * match its `Content-Digest`; `aborted`: the sender disconnected. A sender that is silent for `silenceMs` is
 * disconnected; the default is the server's idle timeout.
 */
export async function* readParts(
  request: FastifyRequest,
  maxParts: number,
  silenceMs?: number,
): AsyncGenerator<FormPart> {
  const parser = createParser(boundaryOf(request))
  // If the sender disconnected before this point, the parser would wait for the end forever.
  if (request.raw.destroyed) throw senderLeft()
  const feeding = feed(request, parser, silenceMs)
  feeding.catch(parser.fail)
  try {
    let count = 0
    for await (const part of parser.parts as AsyncIterable<FormPart>) {
      if (++count > maxParts) throw new AppError('form_too_many_parts', { max: maxParts })
      yield part
      part.bytes.resume() // discard what was not read
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
  // OkHttp's default is `multipart/mixed`, and Plik accepts it.
  if (value !== 'multipart/form-data' && value !== 'multipart/mixed') throw new AppError('form_type_wrong')
  const boundary = parameters.get('boundary')
  if (!boundary) throw new AppError('form_boundary_missing')
  if (boundary.length > MAX_BOUNDARY_LENGTH) throw new AppError('form_boundary_too_long')
  return boundary
}

/** Feeds the body to the parser as fast as its parts are read. */
async function feed(
  request: FastifyRequest,
  parser: ReturnType<typeof createParser>,
  silenceMs: number | undefined,
): Promise<void> {
  const check = digestCheck(request.headers, ['Content-Digest'])
  const body = request.raw.iterator({ destroyOnReturn: false }) // otherwise the error response could not be sent
  for await (const chunk of withSenderTimeout(request, body, silenceMs)) {
    check?.add(chunk)
    if (parser.isEmpty()) assertLinesEndWithCrlf(chunk)
    await parser.write(chunk)
    if (parser.isStopped()) return
  }
  parser.end()
  check?.end()
}

/** Turns Dicer's events into a queue of parts. */
function createParser(boundary: string) {
  const dicer = new Dicer({ boundary, maxHeaderPairs: MAX_HEADER_PAIRS })
  let written = () => {}
  let partTaken = () => {}
  const parts = new Readable({ objectMode: true, highWaterMark: MAX_WAITING_PARTS, read: () => partTaken() })
  const open = new Set<Readable>()
  let isEmpty = true
  let isFinished = false

  dicer.on('part', (bytes) => {
    if (parts.destroyed) throw senderLeft() // thrown from `dicer.write`: the rest of the chunk may contain thousands of parts
    open.add(bytes)
    bytes.on('error', () => {}) // an unread part may fail silently; the form reports the error
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
    // Dicer also reports this for spaces after a boundary. Skipping the part could lose a file.
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
    if (isFinished) return // after the final boundary: an epilogue, which RFC 2046 allows
    await new Promise<void>((resolve) => {
      written = resolve
      dicer.write(chunk, () => resolve())
    })
    while (parts.readableLength >= MAX_WAITING_PARTS && !parts.destroyed)
      await new Promise<void>((resolve) => {
        partTaken = resolve
      })
  }

  /** An empty body is a form without parts, not a malformed one. */
  function end(): void {
    if (isEmpty) parts.push(null)
    else if (!isFinished) dicer.end()
  }

  /** The consumer stopped reading. */
  function stop(): void {
    parts.destroy()
    for (const bytes of open) bytes.destroy()
    written()
    partTaken()
  }

  return { parts, write, end, fail, stop, isEmpty: () => isEmpty, isStopped: () => parts.destroyed }
}

/**
 * RFC 2046 §4.1.1. Forms written by hand or sent by `nc` may lack CR; Dicer would search the whole body for the end of
 * the first line.
 */
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

/** An error of the body or of the parser. */
export function formError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if ((error as { code?: unknown }).code === 'ECONNRESET') return senderLeft(error)
  if (error instanceof Error && error.message.endsWith('end of multipart data'))
    // Dicer's words
    return new AppError('form_end_missing', {}, { cause: error })
  return new AppError('form_unreadable', {}, { cause: error })
}
