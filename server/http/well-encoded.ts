const ESCAPES = /(?:%[0-9a-f]{2})+/gi
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const windows1252 = new TextDecoder('windows-1252')

/**
 * Makes the escapes of a path decodable. Old Windows clients escape names in the code page of their system, which the
 * router rejects; bytes that are not UTF-8 are read as Windows-1252, the default of the WHATWG Encoding Standard. `%zz`
 * stays an error.
 */
export function wellEncodedUrl(url: string): string {
  return url.includes('%') ? url.replace(ESCAPES, asUtf8) : url
}

function asUtf8(escapes: string): string {
  const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex')
  try {
    utf8.decode(bytes)
    return escapes
  } catch {
    return encodeURIComponent(windows1252.decode(bytes))
  }
}
