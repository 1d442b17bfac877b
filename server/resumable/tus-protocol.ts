import { createHash } from 'node:crypto'
import { AppError } from '../lib/errors.ts'
import { optionFromField } from '../uploads/quick-options.ts'
import type { UploadOptions } from '../uploads/upload-rules.ts'
import type { ChunkCheck } from './resumable-upload.ts'

/** The headers of tus 1.0.0 (tus.io/protocols/resumable-upload). Pure. */

export const TUS_VERSION = '1.0.0'
export const TUS_EXTENSIONS =
  'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation'
export const OFFSET_TYPE = 'application/offset+octet-stream'

/** Whether a `Content-Type`, with or without parameters, means that the body is bytes of an upload. */
export const isOffsetType = (contentType = ''): boolean =>
  contentType.split(';', 1)[0]?.trim().toLowerCase() === OFFSET_TYPE

type RequestHeaders = Record<string, string | string[] | undefined>

export const headerOf = (headers: RequestHeaders, name: string): string | undefined => headers[name]?.toString()

/** A number of bytes; undefined if the header is missing. Throws `bad_request`. */
export function readBytes(headers: RequestHeaders, name: string): number | undefined {
  const text = headerOf(headers, name.toLowerCase())
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new AppError('byte_count_invalid', { header: name })
}

/** `Upload-Length`, or undefined if the length is deferred. Throws `bad_request` if neither or both are given. */
export function readLength(headers: RequestHeaders): number | undefined {
  const length = readBytes(headers, 'Upload-Length')
  const deferred = headerOf(headers, 'upload-defer-length')
  if (deferred !== undefined && deferred !== '1') throw new AppError('upload_defer_length_invalid')
  if ((length === undefined) === (deferred === undefined)) throw new AppError('upload_length_missing')
  return length
}

/** Keys in lower case. Throws `bad_request`. */
export function readMetadata(header: string | undefined): Map<string, string> {
  const pairs = (header ?? '').split(',').filter((pair) => pair.trim() !== '')
  return new Map(pairs.map(readPair))
}

function readPair(pair: string): [string, string] {
  const [key = '', value = '', ...rest] = pair.trim().split(' ')
  if (rest.length > 0 || !/^[\x21-\x7e]+$/.test(key) || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
    throw new AppError('upload_metadata_invalid')
  return [key.toLowerCase(), Buffer.from(value, 'base64').toString()]
}

/** Unknown keys are ignored: clients use them for their own purposes. */
export const optionsOfMetadata = (metadata: Map<string, string>): UploadOptions =>
  Object.assign({}, ...[...metadata].map(([name, value]) => optionFromField(name, value)))

/** The name of a file without `filename` in its metadata. */
export const UNNAMED = 'file'

const SECRETS = ['uploadtoken', 'password', 'login']

/** The header without passwords and other values that must not be stored in plain text. */
export function withoutSecrets(header: string | undefined): string {
  const pairs = (header ?? '').split(',').map((pair) => pair.trim())
  return pairs.filter((pair) => pair !== '' && !SECRETS.includes(pair.split(' ')[0]?.toLowerCase() ?? '')).join(',')
}

/** The secrets of the parts to join, `part` for a part, undefined for neither. Throws `bad_request`. */
export function readConcat(header: string | undefined): string[] | 'part' | undefined {
  if (header === undefined) return undefined
  if (header === 'partial') return 'part'
  const [, list] = /^final;\s*(\S.*)$/.exec(header) ?? []
  if (list === undefined) throw new AppError('upload_concat_invalid')
  return list.trim().split(/\s+/).map(lastSegment)
}

const lastSegment = (url: string): string => url.replace(/[?#].*$/, '').replace(/^.*\//, '')

/** The weakness of SHA-1 does not matter here: the checksum and the bytes have the same sender. */
const CHECKSUMS = new Map([
  ['sha1', 20],
  ['md5', 16],
  ['sha256', 32],
  ['sha512', 64],
])

export const CHECKSUM_ALGORITHMS = [...CHECKSUMS.keys()].join(',')

/** `Upload-Checksum`. Throws `bad_request`. */
export function readChecksum(header: string | undefined): ChunkCheck | undefined {
  if (header === undefined) return undefined
  const [algorithm = '', encoded = ''] = header.split(' ')
  const expected = Buffer.from(encoded, 'base64')
  if (!CHECKSUMS.has(algorithm) || expected.length !== CHECKSUMS.get(algorithm))
    throw new AppError('upload_checksum_invalid', { names: CHECKSUM_ALGORITHMS })
  const hash = createHash(algorithm)
  return {
    add: (chunk) => void hash.update(chunk),
    end: () => {
      if (!hash.digest().equals(expected)) throw new AppError('checksum_mismatch')
    },
  }
}
