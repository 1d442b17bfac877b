import type { ByteRange } from '../../storage/blob-store.ts'

/** The validators of a representation. */
export interface Validators {
  /** With its quotes, and with the prefix `W/` if it is weak. */
  etag: string
  /** Epoch milliseconds; HTTP uses whole seconds. */
  lastModified: number
}

/**
 * Parses a `Range` header for a representation of `size` bytes (RFC 9110 §14.2). Returns `whole` for ranges that are not
 * supported: another unit, a malformed header, several ranges (they would cost more than one file), and any range of an
 * empty file. Clients that always send `bytes=0-` then get an empty 200, as from Go's `ServeContent`, not a 416.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  if (header === undefined) return 'whole'
  const [range, ...others] = rangesOf(header)
  const [, first, last] = /^(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (others.length > 0 || size === 0 || first === undefined || last === undefined) return 'whole'
  if (first === '') return suffixRange(last, size)
  const start = Number(first)
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last)
  if (end < start) return 'whole'
  return start < size ? { start, end: Math.min(end, size - 1) } : 'unsatisfiable'
}

/** `-n`: the last n bytes, or all of them if there are fewer. A single `-` is malformed. */
function suffixRange(length: string, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  if (length === '') return 'whole'
  if (Number(length) === 0) return 'unsatisfiable'
  return { start: Math.max(size - Number(length), 0), end: size - 1 }
}

/** A list may hold white space around its elements, and empty elements (RFC 9110 §5.6.1). */
function rangesOf(header: string): string[] {
  const [, list = ''] = /^bytes=(.*)$/i.exec(header.trim()) ?? []
  return list
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '')
}

/**
 * Whether a `Range` header is a probe, which download managers such as axel send before they request the pieces of a
 * file. The response to a probe may be shorter than requested (RFC 9110 §15.3.7). Other responses may not: curl and wget,
 * which resume with `bytes=N-`, treat a short response as the complete rest.
 */
export const isLook = (header: string | undefined): boolean => /^bytes=0-$/i.test(header?.trim() ?? '')

/** Whether a `Range` may be honoured (RFC 9110 §13.1.5): no `If-Range`, or one that names exactly this representation. */
export function ifRangeMatches(header: string | undefined, { etag, lastModified }: Validators): boolean {
  if (header === undefined) return true
  if (header.includes('"')) return isStrong(etag) && header.trim() === etag
  return httpDate(header) === wholeSecond(lastModified)
}

/** Whether the response is 304 (RFC 9110 §13.1.2, §13.1.3). Call it for GET and HEAD only, after `preconditionFailed`. */
export function isNotModified(
  headers: { ifNoneMatch?: string | undefined; ifModifiedSince?: string | undefined },
  { etag, lastModified }: Validators,
): boolean {
  const { ifNoneMatch, ifModifiedSince } = headers
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, (tag) => withoutWeakness(tag) === withoutWeakness(etag))
  return wholeSecond(lastModified) <= httpDate(ifModifiedSince)
}

/** Whether the response is 412 (RFC 9110 §13.1.1, §13.1.4): the client requires another representation. */
export function preconditionFailed(
  headers: { ifMatch?: string | undefined; ifUnmodifiedSince?: string | undefined },
  { etag, lastModified }: Validators,
): boolean {
  const { ifMatch, ifUnmodifiedSince } = headers
  if (ifMatch !== undefined) return !names(ifMatch, (tag) => isStrong(tag) && tag === etag)
  return wholeSecond(lastModified) > httpDate(ifUnmodifiedSince)
}

/** Whether a list of entity tags is `*` or contains one that `matches`. */
function names(list: string, matches: (tag: string) => boolean): boolean {
  return list.trim() === '*' || (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some(matches)
}

const isStrong = (etag: string): boolean => !etag.startsWith('W/')

const withoutWeakness = (etag: string): string => etag.replace(/^W\//, '')

const wholeSecond = (epochMs: number): number => Math.floor(epochMs / 1000) * 1000

const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? (?:\d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/**
 * Parses an HTTP date in any of its three forms (RFC 9110 §5.6.7) to epoch milliseconds. Returns NaN for anything else:
 * every comparison with it is false, so the header is ignored.
 */
function httpDate(header = ''): number {
  const date = header.trim()
  if (!HTTP_DATE.test(date)) return Number.NaN
  return Date.parse(date.endsWith('GMT') ? date : `${date} GMT`)
}
