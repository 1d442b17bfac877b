/** The number of bytes that the WHATWG sniffing algorithm examines. */
export const SNIFFED_BYTES = 512

const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const XML = 'text/xml; charset=utf-8'
/** Browsers save it. */
export const UNKNOWN = 'application/octet-stream'

/** Any letter case; a space or `>` must follow. */
const HTML_TAGS = /^<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)[ >]/i

/**
 * Signatures at the beginning of a file: one character is one byte, `.` is any byte. The first match wins, so the order
 * matters.
 */
const SIGNATURES: [sign: string | ((head: Buffer) => boolean), type: string][] = [
  ['%PDF-', 'application/pdf'],
  ['%!PS-Adobe-', 'application/postscript'],
  ['\xFE\xFF..', 'text/plain; charset=utf-16be'],
  ['\xFF\xFE..', 'text/plain; charset=utf-16le'],
  ['\xEF\xBB\xBF.', TEXT],
  ['\x00\x00\x01\x00', 'image/x-icon'],
  ['\x00\x00\x02\x00', 'image/x-icon'],
  ['BM', 'image/bmp'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['RIFF....WEBPVP', 'image/webp'],
  ['\x89PNG\r\n\x1A\n', 'image/png'],
  ['\xFF\xD8\xFF', 'image/jpeg'],
  ['FORM....AIFF', 'audio/aiff'],
  ['ID3', 'audio/mpeg'],
  ['OggS\x00', 'application/ogg'],
  ['MThd\x00\x00\x00\x06', 'audio/midi'],
  ['RIFF....AVI ', 'video/avi'],
  ['RIFF....WAVE', 'audio/wave'],
  [isMp4, 'video/mp4'],
  ['\x1A\x45\xDF\xA3', 'video/webm'],
  [`${'.'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],
  ['\x00\x01\x00\x00', 'font/ttf'],
  ['OTTO', 'font/otf'],
  ['ttcf', 'font/collection'],
  ['wOFF', 'font/woff'],
  ['wOF2', 'font/woff2'],
  ['\x1F\x8B\x08', 'application/x-gzip'],
  ['PK\x03\x04', 'application/zip'],
  ['Rar!\x1A\x07\x00', 'application/x-rar-compressed'],
  ['Rar!\x1A\x07\x01\x00', 'application/x-rar-compressed'],
  ['\x00asm', 'application/wasm'],
  // Ours, for the page: Plik calls these application/octet-stream.
  ['....ftypavif', 'image/avif'],
  ['....ftypavis', 'image/avif'],
  ['....ftyphei', 'image/heic'],
  ['....ftypmif1', 'image/heif'],
]

/**
 * Detects the type of a file from its first bytes only (up to 512). The result is the same as Plik's, because clients
 * compare: `DetectContentType` of Go 1.23, which is most of the WHATWG's MIME Sniffing Standard, and `''` for an empty
 * file.
 */
export function sniffContentType(head: Uint8Array): string {
  const bytes = Buffer.from(head.subarray(0, SNIFFED_BYTES))
  if (bytes.length === 0) return ''
  return markupType(bytes) ?? signedType(bytes) ?? (isText(bytes) ? TEXT : UNKNOWN)
}

function markupType(head: Buffer): string | undefined {
  const markup = head.toString('latin1').replace(/^[\t\n\f\r ]+/, '')
  if (HTML_TAGS.test(markup)) return HTML
  return markup.startsWith('<?xml') ? XML : undefined
}

function signedType(head: Buffer): string | undefined {
  const text = head.toString('latin1')
  const begins = (beginning: string) =>
    text.length >= beginning.length && Array.from(beginning).every((byte, i) => byte === '.' || byte === text[i])
  return SIGNATURES.find(([sign]) => (typeof sign === 'string' ? begins(sign) : sign(head)))?.[1]
}

/**
 * Whether the first box is named `ftyp` with a brand `mp4…`; after the major brand come four bytes of version, then the
 * other brands.
 */
function isMp4(head: Buffer): boolean {
  if (head.length < 12 || head.toString('latin1', 4, 8) !== 'ftyp') return false
  const boxSize = head.readUInt32BE(0)
  if (boxSize % 4 !== 0 || boxSize > head.length) return false
  const brands = head.toString('latin1', 8, boxSize).match(/.{4}/gs) ?? []
  return brands.some((brand, i) => i !== 1 && brand.startsWith('mp4'))
}

/**
 * Whether there are no bytes that occur only in binary files: control characters other than tab, line feed, form feed,
 * return and escape.
 */
function isText(head: Buffer): boolean {
  return head.every((byte) => byte >= 0x20 || [0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte))
}

/** Types that a browser may show, play or store, but never runs. Everything else is served as text or as plain bytes. */
const INERT = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/heic',
  'image/heif',
  'image/bmp',
  'image/x-icon',
  'audio/aiff',
  'audio/mpeg',
  'audio/midi',
  'audio/wave',
  'video/avi',
  'video/mp4',
  'video/webm',
  'application/ogg',
  'application/zip',
  'application/gzip',
  'application/x-gzip',
  'application/x-rar-compressed',
  'text/plain; charset=utf-16be',
  'text/plain; charset=utf-16le',
])

const READABLE = /^text\/|html|xml|svg|(?:java|ecma)script|json/

/**
 * Formats that sniffing detects only as the format they are built on. Phones replace the extension of a downloaded file
 * that does not match its type, and then `report.docx` opens as an archive. Browsers save all of these and run none.
 */
const FORMATS_BY_ENDING: Record<string, Record<string, string>> = {
  'application/zip': {
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    odt: 'application/vnd.oasis.opendocument.text',
    ods: 'application/vnd.oasis.opendocument.spreadsheet',
    odp: 'application/vnd.oasis.opendocument.presentation',
    epub: 'application/epub+zip',
    apk: 'application/vnd.android.package-archive',
    jar: 'application/java-archive',
    kmz: 'application/vnd.google-earth.kmz',
  },
  [TEXT]: { csv: 'text/csv; charset=utf-8', ics: 'text/calendar; charset=utf-8', vcf: 'text/vcard; charset=utf-8' },
}

/**
 * The `Content-Type` to serve a file with, from its stored type. An allow-list: only exact matches are served unchanged,
 * so no letter case, parameter or list gets around it. Includes Plik's own rule: HTML is shown as text. The extension of
 * `name` chooses only among formats that the stored type may mean.
 */
export function servedContentType(stored: string, name: string): string {
  const type = stored.trim().toLowerCase()
  const served = INERT.has(type) ? type : READABLE.test(type) ? TEXT : UNKNOWN
  const formats = new Map(Object.entries(type === served ? (FORMATS_BY_ENDING[type] ?? {}) : {}))
  return formats.get(/\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '') ?? served
}
