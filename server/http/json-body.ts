import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError, because } from '../lib/errors.ts'
import { parsed } from '../lib/shapes.ts'
import { withSenderTimeout } from './idle-timeout.ts'

/** Enough for every field of an account at its longest. */
const FEW_BYTES = 16 * 1024
/** Where a text of 32 KiB may be among the fields, each character of it escaped. */
export const BYTES_WITH_COMMENTS = 128 * 1024
/** Plik's limit, where a list of files may come. */
export const BYTES_WITH_FILES = 1024 * 1024
/** Parsing costs by the value more than by the byte. A thousand files as Plik's clients declare them have ten thousand. */
const MAX_VALUES = 40_000
/** What stands before every value but the first of an object or array. */
const BEFORE_VALUES = [',', '[', '{']

interface Options {
  /** What is named in errors. */
  what?: string
  maxBytes?: number
}

/**
 * Leaves request bodies of a scope to their handlers, which read them by `readJson` once they know that the caller may.
 * The `Content-Type` does not matter: curl sends `-d` as a form, ShareX sends none at all, and Plik reads all of it as JSON.
 */
export function acceptAnyBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addHook('onRequest', async ({ headers }) => void delete headers['content-type']) // Fastify answers 415 to what it can't read
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
}

/**
 * Reads JSON as Plik's clients write it (Go's `encoding/json`): strict values, whole numbers, `null` leaves the default;
 * `schema` sees to keys in any case. An empty body and `null` are `{}`. Throws `bad_request`: too large, or it names what
 * is wrong with `what`.
 */
export async function readJson<T extends z.ZodType>(
  request: FastifyRequest,
  schema: T,
  options: Options = {},
): Promise<z.output<T>> {
  return shaped(await readText(request, options), schema, options)
}

/** As `readJson`, where an empty body is a mistake. */
export async function readRequiredJson<T extends z.ZodType>(
  request: FastifyRequest,
  schema: T,
  options: Options = {},
): Promise<z.output<T>> {
  const text = await readText(request, options)
  if (text.trim() === '') throw new AppError('json_missing', { what: whatOf(options) })
  return shaped(text, schema, options)
}

/** A body as text. Throws `bad_request`: it is too large. */
export async function readText(request: FastifyRequest, { maxBytes = FEW_BYTES }: Options = {}): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  const body = request.raw.iterator({ destroyOnReturn: false }) // else nobody could read why it was refused
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
  if (/^[ \t\r\n]*$/.test(text)) return {} // JSON's white space, which a byte order mark is not
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

/** Also in texts, which then counts too much: parsing them first is what is to be avoided. */
function occursMoreThan(max: number, sign: string, text: string): boolean {
  let at = -1
  for (let count = 0; count <= max; count++) {
    at = text.indexOf(sign, at + 1)
    if (at === -1) return false
  }
  return true
}

/** None of our numbers is a fraction, and Go reads neither `60.0` nor `6e1` as a whole number. `text` is valid JSON. */
const hasFraction = (text: string): boolean => /\d[.eE]/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, ''))

const tooLarge = () => new AppError('body_too_large')

const whatOf = ({ what = 'request body' }: Options): string => what
