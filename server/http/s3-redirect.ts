import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Download } from '../downloads/downloads.ts'
import { servedContentType, UNKNOWN } from '../uploads/intake/content-type.ts'

/** The bucket would judge them by validators of its own. */
const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']
/** Clients such as curl repeat headers of their own at the new address. */
const SECRETS = ['x-uploadtoken', 'x-pliktoken']
/** Less than this takes longer by two requests. */
const MIN_BYTES = 64 * 1024

/**
 * Whether a GET may be answered with an address in the bucket. No content policy can go with that, so it is only for files that
 * browsers save and do not show, and not for scripts of pages (Fetch Metadata), which would need the bucket's permission.
 */
export function mayRedirect(
  { headers }: FastifyRequest,
  { name, type, size = 0 }: Download,
  asAttachment: boolean,
  { s3Redirect }: Pick<Config, 's3Redirect'>,
): boolean {
  if (!s3Redirect || size < MIN_BYTES) return false
  if (!asAttachment && servedContentType(type, name) !== UNKNOWN) return false
  if ([...CONDITIONS, ...SECRETS].some((header) => headers[header] !== undefined)) return false
  return (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate'
}
