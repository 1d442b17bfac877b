/** Finds out whether a document names its author. This is content and is not removed, but users may want to know before they share it. */

/** Of a larger PDF, only the beginning and the end are searched. */
const SEARCHED_BYTES = 8_000_000
/** Maximum distance of the end record of a zip from the end of the file: its comment has at most 65,535 bytes. */
const ZIP_END_BYTES = 65_557
const MAX_DIRECTORY_BYTES = 1_000_000
/** Document properties usually take about a kilobyte. */
const MAX_PROPERTIES_BYTES = 65_536

/** Detects the format by content, not by name. Authors in compressed parts of a PDF are not found. */
export async function namesAuthor(file: Blob): Promise<boolean> {
  const start = await latin1(file.slice(0, 5))
  if (start === '%PDF-') return pdfNamesAuthor(file)
  return start.startsWith('PK\x03\x04') && officeNamesAuthor(file)
}

/** ISO 32000-1 table 317; an empty text may begin with the byte order mark of UTF-16. */
const PDF_AUTHOR = /\/Author\s*(?:\((?!(?:\xfe\xff)?\s*\))|<(?!\s*(?:feff)?\s*>)|\d+ \d+ R)/i
const XMP_AUTHOR = /<dc:creator>\s*<rdf:\w+>\s*<rdf:li[^>]*>\s*[^<\s]/

async function pdfNamesAuthor(file: Blob): Promise<boolean> {
  const parts = [file.slice(0, SEARCHED_BYTES), file.slice(Math.max(SEARCHED_BYTES, file.size - SEARCHED_BYTES))]
  for (const part of parts) {
    const text = await latin1(part)
    if (PDF_AUTHOR.test(text) || XMP_AUTHOR.test(text)) return true
  }
  return false
}

/** ECMA-376 part 2 §11. */
const OFFICE_AUTHOR = /<(dc:creator|cp:lastModifiedBy)>\s*[^<\s]/

async function officeNamesAuthor(file: Blob): Promise<boolean> {
  const bytes = await partOfZip(file, 'docProps/core.xml')
  return bytes !== undefined && OFFICE_AUTHOR.test(await new Response(bytes).text())
}

/**
 * APPNOTE.TXT 6.3 §4.3: the end record has the offset of the directory, which has the offset of each file. Undefined: not found,
 * or too large.
 */
async function partOfZip(file: Blob, wanted: string): Promise<ReadableStream | undefined> {
  const tailAt = Math.max(0, file.size - ZIP_END_BYTES)
  const endAt = (await latin1(file.slice(tailAt))).lastIndexOf('PK\x05\x06')
  if (endAt === -1) return undefined
  const end = await view(file, tailAt + endAt, 22)
  const directory = await view(file, end.getUint32(16, true), Math.min(end.getUint32(12, true), MAX_DIRECTORY_BYTES))
  const entry = entryOf(directory, wanted)
  if (!entry || entry.size > MAX_PROPERTIES_BYTES) return undefined
  const header = await view(file, entry.at, 30)
  const start = entry.at + 30 + header.getUint16(26, true) + header.getUint16(28, true)
  const bytes = file.slice(start, start + entry.size).stream()
  return entry.isDeflated ? bytes.pipeThrough(new DecompressionStream('deflate-raw')) : bytes
}

function entryOf(directory: DataView, wanted: string): { at: number; size: number; isDeflated: boolean } | undefined {
  const short = (at: number) => directory.getUint16(at, true)
  const long = (at: number) => directory.getUint32(at, true)
  for (let at = 0; at + 46 <= directory.byteLength; ) {
    const nameBytes = new Uint8Array(directory.buffer).subarray(at + 46, at + 46 + short(at + 28))
    if (new TextDecoder().decode(nameBytes) === wanted)
      return { at: long(at + 42), size: long(at + 20), isDeflated: short(at + 10) === 8 }
    at += 46 + short(at + 28) + short(at + 30) + short(at + 32)
  }
  return undefined
}

const view = async (file: Blob, start: number, length: number): Promise<DataView> =>
  new DataView(await file.slice(start, start + length).arrayBuffer())

const latin1 = async (part: Blob): Promise<string> => new TextDecoder('latin1').decode(await part.arrayBuffer())
