import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { type FormPart, formError, readParts } from './form-parts.ts'

/** Fields are small compared with files. */
const MAX_FIELDS = 100
const MAX_FIELD_BYTES = 64 * 1024

/** Leaves the bodies of a scope unparsed, for `readForm` and `readSingleFile`. */
export async function acceptForms(scope: FastifyInstance): Promise<void> {
  scope.removeAllContentTypeParsers()
  scope.addHook('onRequest', async ({ headers }) => {
    if (!/^multipart\//i.test(headers['content-type'] ?? '')) delete headers['content-type'] // otherwise Fastify answers 415 to types it has no parser for
  })
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
}

interface FormOptions {
  onField?: (name: string, value: string) => void
  /** Further files are rejected, so that a form with many parts can't block other requests. */
  maxFiles: number
}

export interface FormFile {
  name: string
  bytes: AsyncIterable<Uint8Array>
}

/**
 * The files of a form: the parts named `file`, in order; other parts are skipped, fields are passed to `onField`. A file
 * must be read before the next one is requested. Ends only after the form's final boundary; an incomplete form throws.
 * Throws like `readParts`; `bad_request`: too many fields, or too long a field.
 */
export async function* readForm(
  request: FastifyRequest,
  { onField = () => {}, maxFiles }: FormOptions,
): AsyncGenerator<FormFile> {
  let fields = 0
  for await (const part of readParts(request, MAX_FIELDS + maxFiles)) {
    if (part.name === 'file') yield fileOf(part)
    else if (part.name !== undefined && part.filename === undefined) {
      if (++fields > MAX_FIELDS) throw new AppError('form_too_many_fields', { max: MAX_FIELDS })
      onField(part.name, await readField(part.name, part))
    }
  }
}

interface SingleFileOptions {
  alone?: boolean
  /** See `readParts`. */
  silenceMs?: number | undefined
}

/**
 * The first file of a form, as in Plik's routes; the rest is ignored. Its bytes end only once the whole form was read, so
 * that a form that is cut off after the file never counts as complete. Throws like `readForm`; `bad_request`: no file, or
 * with `alone` another one after it.
 */
export async function readSingleFile(
  request: FastifyRequest,
  { alone = false, silenceMs }: SingleFileOptions = {},
): Promise<FormFile> {
  const parts = readParts(request, 2 * MAX_FIELDS, silenceMs)
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.name !== 'file') continue
    const { name, bytes } = fileOf(next.value)
    return { name, bytes: thenRest(bytes, parts, alone) }
  }
  throw new AppError('form_file_missing')
}

function fileOf({ filename, bytes }: FormPart): FormFile {
  if (!filename) throw new AppError('form_file_name_missing')
  return { name: filename, bytes: readBytes(bytes) }
}

async function readField(name: string, { bytes }: FormPart): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of readBytes(bytes)) {
    size += chunk.length
    if (size > MAX_FIELD_BYTES)
      throw new AppError('form_field_too_long', { name: name.slice(0, 100), max: MAX_FIELD_BYTES })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function* readBytes(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (error) {
    throw formError(error)
  }
}

async function* thenRest(
  bytes: AsyncIterable<Uint8Array>,
  rest: AsyncIterable<FormPart>,
  alone: boolean,
): AsyncGenerator<Uint8Array> {
  yield* bytes
  for await (const { name } of rest) {
    if (alone && name === 'file') throw new AppError('form_several_files')
  }
}
