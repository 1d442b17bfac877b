/** File names: in headers, and with folders. */

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
 * File names on the server contain no folders, because such names could be used for path traversal. A path is kept by replacing
 * `/` with U+2215, which looks the same and is valid on every file system.
 */
const SLASH = '\u2215'

export const nameOfPath = (path: string): string => path.replaceAll('/', SLASH)
export const pathOfName = (name: string): string => name.replaceAll(SLASH, '/')
