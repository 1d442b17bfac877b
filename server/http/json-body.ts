import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError, because } from '../lib/errors.ts'
import { parsed } from '../lib/shapes.ts'
import { withSenderTimeout } from './idle-timeout.ts'

/** Enough for all fields of an account at their maximum length. */
const FEW_BYTES = 16 * 1024
/** For bodies with a text of up to 32 KiB, each character of it escaped. */
export const BYTES_WITH_COMMENTS = 128 * 1024
/** Plik's limit for bodies with a list of files. */
export const BYTES_WITH_FILES = 1024 * 1024
/**
 * The cost of parsing depends more on the number of values than on the bytes. A thousand files as Plik's clients declare
 * them have ten thousand values.
 */
const MAX_VALUES = 40_000
/** Characters that precede a value. */
const BEFORE_VALUES = [',', '[', '{']

interface Options {
  /** The name of the body in error messages. */
  what?: string
  maxBytes?: number
}

/**
 * Leaves the request bodies of a scope to their handlers, which read them by `readJson` after checking the caller's
 * rights. The `Content-Type` is ignored: curl sends `-d` as a form, ShareX sends none, and Plik parses all of them as
 * JSON.
 */
export function acceptAnyBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addHook('onRequest', async ({ headers }) => void delete headers['content-type']) // otherwise Fastify answers 415 to types it has no parser for
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
}

/**
 * Parses JSON like Go's `encoding/json`, which Plik's clients expect: strict types, whole numbers, `null` keeps the
 * default; `schema` handles keys in any case. An empty body and `null` are `{}`. Throws `bad_request`: too large, or
 * invalid, with the reason.
 */
export async function readJson<T extends z.ZodType>(
  request: FastifyRequest,
  schema: T,
  options: Options = {},
): Promise<z.output<T>> {
  return shaped(await readText(request, options), schema, options)
}

/** Like `readJson`, but an empty body is an error. */
export async function readRequiredJson<T extends z.ZodType>(
  request: FastifyRequest,
  schema: T,
  options: Options = {},
): Promise<z.output<T>> {
  const text = await readText(request, options)
  if (text.trim() === '') throw new AppError('json_missing', { what: whatOf(options) })
  return shaped(text, schema, options)
}

/** Reads a body as text. Throws `bad_request` if it is too large. */
export async function readText(request: FastifyRequest, { maxBytes = FEW_BYTES }: Options = {}): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  const body = request.raw.iterator({ destroyOnReturn: false }) // otherwise the error response could not be sent
  for await (const chunk of withSenderTimeout<Uint8Array>(request, body)) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function shaped<T extends z.ZodType>(text: string, schema: T, options: Options): z.output<T> {
  const value = parse(text, options)
  return because(`unable to deserialize ${whatOf(options)} : `, () => parsed(schema, value))
}

function parse(text: string, options: Options): unknown {
  if (/^[ \t\r\n]*$/.test(text)) return {} // JSON's white space, which excludes a byte order mark
  if (BEFORE_VALUES.some((sign) => occursMoreThan(MAX_VALUES, sign, text)))
    throw new AppError('json_too_many_values', { what: whatOf(options) })
  const value = parseJson(text, options)
  if (hasFraction(text)) throw new AppError('json_number_not_whole', { what: whatOf(options) })
  return value ?? {}
}

function parseJson(text: string, options: Options): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError('json_invalid', {
      what: whatOf(options),
      reason: error instanceof Error ? error.message : 'invalid JSON',
    })
  }
}

/**
 * Also counts characters inside strings, which makes the result too high: excluding them would need the parsing that this
 * avoids.
 */
function occursMoreThan(max: number, sign: string, text: string): boolean {
  let at = -1
  for (let count = 0; count <= max; count++) {
    at = text.indexOf(sign, at + 1)
    if (at === -1) return false
  }
  return true
}

/** All numbers of the API are whole, and Go does not accept `60.0` or `6e1` as whole numbers. `text` is valid JSON. */
const hasFraction = (text: string): boolean => /\d[.eE]/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, ''))

const tooLarge = () => new AppError('body_too_large')

const whatOf = ({ what = 'request body' }: Options): string => what
