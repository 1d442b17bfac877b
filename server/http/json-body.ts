import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { AppError } from '../errors.ts'

/** Plik's limit, in bytes. */
const MAX_JSON_BYTES = 1024 * 1024

/**
 * Makes every request body of a scope arrive as text, whatever its `Content-Type` says: curl sends `-d` as a form, ShareX
 * sends none at all, and Plik reads all of it as JSON.
 */
export function acceptAnyBodyAsText(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addHook('onRequest', async ({ headers }) => void delete headers['content-type']) // Fastify answers 415 to what it can't read
  scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_JSON_BYTES }, (_request, body, done) =>
    done(null, body),
  )
}

/**
 * Reads JSON as Plik's clients write it (Go's `encoding/json`): keys in any case, strict values, unknown keys ignored,
 * `null` leaves the default. `schema` names its keys in lower case. An empty body and `null` are `{}`.
 * Throws `bad_request` naming what is wrong with `what`.
 */
export function readJson<T extends z.ZodType>(body: unknown, schema: T, what = 'request body'): z.output<T> {
  const { success, data, error } = schema.safeParse(parse(typeof body === 'string' ? body : '', what))
  if (success) return data
  throw unreadable(what, error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

/** As `readJson`, where an empty body is a mistake. */
export function readRequiredJson<T extends z.ZodType>(body: unknown, schema: T, what = 'request body'): z.output<T> {
  if (typeof body !== 'string' || body.trim() === '') throw unreadable(what, 'missing')
  return readJson(body, schema, what)
}

function parse(text: string, what: string): unknown {
  if (/^[ \t\r\n]*$/.test(text)) return {} // JSON's white space, which a byte order mark is not
  try {
    return lowerKeys(JSON.parse(text, refuseFractions)) ?? {}
  } catch (error) {
    throw unreadable(what, error instanceof Error ? error.message : 'invalid JSON')
  }
}

/** None of our numbers is a fraction, and Go reads neither `60.0` nor `6e1` as a whole number: NaN fits no schema. */
function refuseFractions(_key: string, value: unknown, context: { source?: string } = {}): unknown {
  return typeof value === 'number' && /[.eE]/.test(context.source ?? '') ? Number.NaN : value
}

function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerKeys(inner)]))
}

const unreadable = (what: string, reason: string) =>
  new AppError('bad_request', `unable to deserialize ${what} : ${reason}`)
