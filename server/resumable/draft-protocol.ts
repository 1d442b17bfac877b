import { AppError } from '../lib/errors.ts'
import type { ResumableUpload } from './resumable-upload.ts'

/** Headers of the IETF's resumable uploads (draft-ietf-httpbis-resumable-upload, up to -15), and of partial PUT. Pure. */

type RequestHeaders = Record<string, string | string[] | undefined>

const INTEROP = 'upload-draft-interop-version'
/**
 * Versions whose differences do not affect this server, except that `Upload-Complete` appeared in 4 and
 * `application/partial-upload` in 6.
 */
const INTEROP_VERSIONS = ['4', '5', '6', '7', '8']

/** `Upload-Complete`: whether the body ends the upload. Other values are ignored, as the draft requires. */
export function readComplete(headers: RequestHeaders): boolean | undefined {
  return new Map([
    ['?1', true],
    ['?0', false],
  ]).get(headers['upload-complete']?.toString().trim() ?? '')
}

/** Clients of older drafts accept only responses with their version. */
export function interopOf(headers: RequestHeaders): Record<string, string> {
  const version = headers[INTEROP]?.toString() ?? ''
  return INTEROP_VERSIONS.includes(version) ? { 'Upload-Draft-Interop-Version': version } : {}
}

export const completeHeader = ({ status }: ResumableUpload) => ({
  'Upload-Complete': status === 'finished' ? '?1' : '?0',
})

export function limitHeader({ maxSize, expiresAt }: ResumableUpload, now: number) {
  const maxAge = `max-age=${Math.max(0, Math.floor((expiresAt - now) / 1000))}`
  return { 'Upload-Limit': maxSize === null ? maxAge : `max-size=${maxSize}, ${maxAge}` }
}

/**
 * The range of a PUT body (RFC 9110 §14.5, `curl -C`): from `offset` to the end of `uploadSize` bytes. Throws
 * `bad_request`.
 */
export function readContentRange(
  header: string | undefined,
): { offset: number; uploadSize: number | undefined } | undefined {
  if (header === undefined) return undefined
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header.trim()) ?? []
  const isWhole = size === '*' || Number(last) + 1 === Number(size)
  if (first === undefined || Number(first) > Number(last) || !isWhole) throw new AppError('content_range_invalid')
  return { offset: Number(first), uploadSize: size === '*' ? undefined : Number(size) }
}

/** The file name from `Content-Disposition` (RFC 6266), preferring `filename*` to `filename`. */
export function fileNameOf(disposition: string | undefined): string | undefined {
  const [, extended] = /;\s*filename\*\s*=\s*UTF-8''([^;\s]+)/i.exec(disposition ?? '') ?? []
  if (extended !== undefined) return percentDecoded(extended)
  const [, quoted, token] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition ?? '') ?? []
  return quoted?.replace(/\\(.)/g, '$1') ?? token
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new AppError('disposition_file_name_invalid')
  }
}
