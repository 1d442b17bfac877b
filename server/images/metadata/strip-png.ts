import type { ByteReader } from './byte-reader.ts'
import { type Found, noteExif, noteXmp } from './metadata-kinds.ts'
import { asFarAsItGoes, orientationOf, type Stripping } from './salvage.ts'
import { malformed, unsupported } from './unstrippable-error.ts'

/** PNG, third edition, §5.2. */
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** §5.3: a length is at most 2³¹ − 1. */
const MAX_LENGTH = 0x7fff_ffff
const CRC_BYTES = 4

/**
 * The chunks that define the pixels, their colours and their shape (§11.2, §11.3.2 to 11.3.4 and 11.3.6). All other
 * ancillary chunks are removed, known or not, safe to copy or not: that bit (§5.4) only says that a chunk may be kept.
 * Suggested palettes and histograms are removed too: no program uses them, and a palette has a name of free text.
 */
const KEPT = new Set([
  ...['IHDR', 'PLTE', 'IDAT', 'tRNS'],
  ...['cHRM', 'cICP', 'gAMA', 'iCCP', 'mDCV', 'cLLI', 'sBIT', 'sRGB'],
  ...['bKGD', 'pHYs', 'acTL', 'fcTL', 'fdAT'],
])

/** Keeps the chunks that the image needs, with their original CRCs; everything after IEND is removed. */
export async function* stripPng(reader: ByteReader, stripping: Stripping): AsyncGenerator<Uint8Array, void> {
  if (!SIGNATURE.equals(await reader.take(SIGNATURE.length))) throw malformed('a PNG starts with its signature')
  yield SIGNATURE
  yield* stripping.salvages ? asFarAsItGoes(chunks(reader, stripping)) : chunks(reader, stripping)
}

async function* chunks(reader: ByteReader, stripping: Stripping): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const header = await reader.take(8)
    const { type, length } = parseHeader(header)
    yield* chunk(type, length, header, reader, stripping)
    if (type === 'IEND') return
  }
}

function parseHeader(header: Buffer): { type: string; length: number } {
  const length = header.readUInt32BE(0)
  const type = header.toString('latin1', 4)
  if (!/^[A-Za-z]{4}$/.test(type)) throw malformed('the type of a PNG chunk is four letters')
  if (length > MAX_LENGTH || (type === 'IEND' && length > 0)) throw malformed(`a PNG chunk ${type} is too long`)
  return { type, length }
}

async function* chunk(
  type: string,
  length: number,
  header: Buffer,
  reader: ByteReader,
  { found, salvages }: Stripping,
): AsyncGenerator<Uint8Array, void> {
  if (type === 'IEND') {
    yield Buffer.concat([header, await reader.take(CRC_BYTES)]) // In one piece, so that half a file never looks whole.
  } else if (KEPT.has(type)) {
    yield header
    yield* reader.copy(length + CRC_BYTES)
  } else {
    if (isCritical(type)) throw unsupported(`PNG chunk ${type}`)
    const data = await reader.look(length)
    note(type, data, found)
    await reader.skip(CRC_BYTES)
    const orientation = salvages && type === 'eXIf' ? orientationOf(data) : undefined
    if (orientation) yield exifChunk(orientation)
  }
}

function exifChunk(data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from('eXIf', 'latin1'), data])
  const result = Buffer.concat([Buffer.alloc(4), content, Buffer.alloc(CRC_BYTES)])
  result.writeUInt32BE(data.length, 0)
  result.writeUInt32BE(crc32(content), 4 + content.length)
  return result
}

/** Annex D, for a few bytes: `node:zlib` has a faster one, but this code also runs in browsers. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0)
  }
  return (crc ^ 0xffff_ffff) >>> 0
}

/** §5.4: no decoder may ignore a chunk whose type starts with a capital. */
const isCritical = (type: string): boolean => /^[A-Z]/.test(type)

function note(type: string, data: Buffer, found: Found): void {
  if (type === 'eXIf') noteExif(data, found)
  else if (['tEXt', 'zTXt', 'iTXt'].includes(type)) noteText(data, found)
}

/** Text starts with a keyword (§11.3.3). Before eXIf, ImageMagick and others kept metadata in `Raw profile type exif`. */
function noteText(data: Buffer, found: Found): void {
  const keyword = data.toString('latin1', 0, Math.max(0, data.indexOf(0)))
  if (/^XML:com\.adobe\.xmp$|^Raw profile type xmp$/i.test(keyword)) noteXmp(data, found)
  else if (/^Raw profile type (exif|APP1)$/i.test(keyword)) found.add('exif')
  else if (/^Raw profile type iptc$/i.test(keyword)) found.add('iptc')
  else found.add('comment')
}
