/** Names of files: in headers, and with folders. */

/**
 * The name in `Content-Disposition` (RFC 6266): the full one if there is one, else the ASCII one, else `download`.
 * `headers`: those of `fetch`, or of axios.
 */
export function fileNameOf(headers: Headers | Record<string, unknown>): string {
  const disposition = headers instanceof Headers ? headers.get('Content-Disposition') : headers['content-disposition']
  if (typeof disposition !== 'string') return 'download'
  const full = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  if (full !== undefined) return decodeURIComponent(full)
  const ascii = /filename="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1]
  return ascii?.replace(/\\(.)/g, '$1') ?? 'download'
}

/**
 * A name on the server has no folders, since a name that had could lead anywhere. A path is kept with a slash that is none:
 * U+2215 looks like one, and every file system takes it.
 */
const SLASH = '\u2215'

export const nameOfPath = (path: string): string => path.replaceAll('/', SLASH)
export const pathOfName = (name: string): string => name.replaceAll(SLASH, '/')
