import { type ByteReader, readingFrom } from './byte-reader.ts'
import { type Found, noteExif, noteXmp } from './metadata-kinds.ts'
import { asFarAsItGoes, orientationOf, type Stripping } from './salvage.ts'
import { malformed, unsupported } from './unstrippable-error.ts'

/** RFC 9649 §2.7: the bitstreams and alpha of an image or frame, and what a whole image has besides. */
const FRAME_PARTS = new Set(['VP8 ', 'VP8L', 'ALPH'])
const KEPT = new Set([...FRAME_PARTS, 'ICCP', 'ANIM'])

const VP8X_BYTES = 10
/** The bits of VP8X that announce EXIF and XMP chunks (§2.7.1). */
const EXIF_FLAG = 0x08
const XMP_FLAG = 0x04
const FRAME_HEADER_BYTES = 16

/**
 * Keeps the chunks that the image needs; everything after the end of the RIFF is removed. The size of the result is at
 * its start, so the file is read twice, first to count. A list of the kept chunks would save the second parse, but the
 * sender controls how long it would be.
 */
export async function* stripWebp(
  open: () => AsyncIterable<Uint8Array>,
  stripping: Stripping,
): AsyncGenerator<Uint8Array, void> {
  const whole: Whole = { ...stripping, size: 0, orientation: undefined }
  const kept = (use: Whole) => {
    const chunks = readingFrom(open, (reader) => keptChunks(reader, use))
    return stripping.salvages ? asFarAsItGoes(chunks) : chunks
  }
  for await (const _ of kept(whole));
  yield riffHeader(whole.size)
  yield* kept({ ...whole })
}

/** Results of the first pass for the second one. */
interface Whole extends Stripping {
  /** The size of the resulting RIFF; for a file that ends too early, including the missing part of its last chunk. */
  size: number
  /** The kept part of EXIF. */
  orientation: Buffer | undefined
}

function riffHeader(size: number): Buffer {
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  header.writeUInt32LE(size, 4)
  return header
}

async function* keptChunks(reader: ByteReader, whole: Whole): AsyncGenerator<Uint8Array, void> {
  const header = await reader.take(12)
  if (header.toString('latin1', 0, 4) !== 'RIFF' || header.toString('latin1', 8) !== 'WEBP')
    throw malformed('a WebP is a RIFF of type WEBP')
  whole.size = header.readUInt32LE(4)
  yield* eachChunk(reader, whole.size - 4, (chunk) => outerChunk(chunk, reader, whole))
}

interface Chunk {
  header: Buffer
  type: string
  /** Includes the byte that pads an odd size (§2.3). */
  paddedSize: number
}

/** Reads the chunks that fill exactly `length` bytes; `use` must read each of them to its end. */
async function* eachChunk(
  reader: ByteReader,
  length: number,
  use: (chunk: Chunk) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let left = length
  while (left > 0) {
    const header = await reader.take(8)
    const size = header.readUInt32LE(4)
    const paddedSize = size + (size % 2)
    left -= header.length + paddedSize
    if (left < 0) break
    yield* use({ header, type: header.toString('latin1', 0, 4), paddedSize })
  }
  if (left < 0) throw malformed('the chunks of a WebP do not fit what holds them')
}

async function* outerChunk(chunk: Chunk, reader: ByteReader, whole: Whole): AsyncGenerator<Uint8Array, void> {
  if (chunk.type === 'VP8X') yield* features(chunk, reader, whole)
  else if (chunk.type === 'ANMF') yield* frame(chunk, reader)
  else if (KEPT.has(chunk.type)) yield* copied(chunk, reader)
  else yield* metadata(chunk, reader, whole)
}

async function* metadata(chunk: Chunk, reader: ByteReader, whole: Whole): AsyncGenerator<Uint8Array, void> {
  whole.size -= chunk.header.length + chunk.paddedSize
  const data = await reader.look(chunk.paddedSize)
  note(chunk.type, data, whole.found)
  if (!whole.salvages || chunk.type !== 'EXIF') return
  whole.orientation = orientationOf(data)
  if (!whole.orientation) return
  const header = Buffer.from('EXIF\0\0\0\0', 'latin1')
  header.writeUInt32LE(whole.orientation.length, 4)
  whole.size += header.length + whole.orientation.length
  yield Buffer.concat([header, whole.orientation])
}

async function* copied({ header, paddedSize }: Chunk, reader: ByteReader): AsyncGenerator<Uint8Array, void> {
  yield header
  yield* reader.copy(paddedSize)
}

async function* features(
  { header, paddedSize }: Chunk,
  reader: ByteReader,
  { orientation }: Whole,
): AsyncGenerator<Uint8Array, void> {
  if (paddedSize !== VP8X_BYTES) throw malformed('the VP8X chunk of a WebP has 10 bytes')
  const payload = await reader.take(VP8X_BYTES)
  const flags = payload.readUInt8(0) & ~(EXIF_FLAG | XMP_FLAG)
  payload.writeUInt8(orientation ? flags | EXIF_FLAG : flags, 0)
  yield header
  yield payload
}

/**
 * A frame may contain unknown chunks (§2.7.1.1). Removing them would change the size at the start of the frame, and no
 * program writes them, so such a file is rejected.
 */
async function* frame({ header, paddedSize }: Chunk, reader: ByteReader): AsyncGenerator<Uint8Array, void> {
  if (paddedSize < FRAME_HEADER_BYTES) throw malformed('a frame of a WebP is shorter than its header')
  yield header
  yield* reader.copy(FRAME_HEADER_BYTES)
  yield* eachChunk(reader, paddedSize - FRAME_HEADER_BYTES, (part) => {
    if (!FRAME_PARTS.has(part.type)) throw unsupported('a frame of a WebP holds a chunk that is no image')
    return copied(part, reader)
  })
}

function note(type: string, data: Buffer, found: Found): void {
  if (type === 'EXIF') noteExif(data, found)
  if (type === 'XMP ') noteXmp(data, found)
}
