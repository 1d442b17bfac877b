import { parseDurationSeconds } from '../config/units.ts'
import { AppError } from '../lib/errors.ts'
import type { UploadOptions } from './upload-rules.ts'

/** Options of a quick upload, as people write them in a query, in `X-Mayfly-…` headers or in a form. Pure. */

const HEADER_PREFIX = 'x-mayfly-'

const READERS = new Map<string, (name: string, text: string) => UploadOptions>(
  Object.entries({
    ttl: (name: string, text: string) => ({ ttlSeconds: ttl(name, text) }),
    oneshot: (name: string, text: string) => ({ oneShot: flag(name, text) }),
    removable: (name: string, text: string) => ({ removable: flag(name, text) }),
    normalize: (name: string, text: string) => ({ normalize: flag(name, text) }),
    e2ee: (_name: string, text: string) => ({ e2ee: text }),
    extendttl: (name: string, text: string) => ({ extendTtl: flag(name, text) }),
    maxdownloads: (name: string, text: string) => ({ maxDownloads: count(name, text) }),
    comments: (_name: string, text: string) => ({ comments: text }),
    login: (_name: string, text: string) => ({ login: text }),
    password: (_name: string, text: string) => ({ password: text }),
  }),
)

const ALLOWED = 'ttl, oneShot, removable, normalize, e2ee, extendTtl, maxDownloads, comments, login, password'

type Texts = Record<string, string | string[] | undefined>

/** The query has precedence over headers. */
export const optionsOfRequest = ({ headers, query }: { headers: Texts; query: unknown }): UploadOptions => ({
  ...optionsFromHeaders(headers),
  ...optionsFromQuery(query as Texts),
})

/** Names may have any case. Unknown names are rejected: a mistyped `oneShot` must not create a link that works forever. */
export function optionsFromQuery(query: Texts): UploadOptions {
  return merged(Object.entries(query).map(([name, value]) => readOption(name, [value].flat().at(-1) ?? '')))
}

/** `X-Mayfly-OneShot: true`; dashes and case are ignored. */
export function optionsFromHeaders(headers: Texts): UploadOptions {
  const ours = Object.entries(headers).filter(([name]) => name.startsWith(HEADER_PREFIX))
  return merged(
    ours.map(([name, value]) => readOption(name.slice(HEADER_PREFIX.length).replaceAll('-', ''), String(value))),
  )
}

/** Parses a form field; unknown fields are ignored, as in Plik. */
export function optionFromField(name: string, value: string): UploadOptions {
  return READERS.has(name.toLowerCase()) && value !== '' ? readOption(name, value) : {}
}

function readOption(name: string, text: string): UploadOptions {
  const read = READERS.get(name.toLowerCase())
  if (!read) throw new AppError('option_unknown', { name, names: ALLOWED })
  return read(name, text)
}

const merged = (parts: UploadOptions[]): UploadOptions => Object.assign({}, ...parts)

/** Parses `1h`, `30d` or seconds; `-1` or `unlimited`: never expires. */
function ttl(name: string, text: string): number {
  const seconds = parseDurationSeconds(text)
  if (seconds === undefined) throw new AppError('duration_invalid', { field: name })
  return Number.isFinite(seconds) ? seconds : -1
}

/** `?oneShot` without a value means true; checkboxes send `on`. */
function flag(name: string, text: string): boolean {
  if (['', 'true', '1', 'on', 'yes'].includes(text.toLowerCase())) return true
  if (['false', '0', 'off', 'no'].includes(text.toLowerCase())) return false
  throw new AppError('flag_invalid', { field: name })
}

function count(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new AppError('whole_number_expected', { field: name })
  return Number(text)
}
