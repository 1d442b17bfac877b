import { crc32 } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import type { RemovedKind } from '../../../../server/images/metadata/metadata-kinds.ts'
import { type StrippableFormat, stripMetadata } from '../../../../server/images/metadata/strip-metadata.ts'

/** One text for each kind of metadata, so that a search tells what is left of which. */
export const SECRETS = {
  exif: 'the secret of exif',
  xmp: 'the secret of xmp',
  iptc: 'the secret of iptc',
  comment: 'the secret of the comment',
  trailer: 'the secret behind the end',
  unknown: 'the secret of nobody knows what',
}
/** A latitude whose seconds no other bytes repeat by chance. */
const SECONDS = Buffer.of(0xde, 0xad, 0xbe, 0xef)
const GPS = { GPSLatitudeRef: 'N', GPSLatitude: `47/1 22/1 ${SECONDS.readUInt32BE()}/100000000` }
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRETS.xmp}</x:xmpmeta>`

/** Which secrets can be found in the bytes. */
export function traces(bytes: Buffer): string[] {
  const found = Object.entries(SECRETS).filter(([, secret]) => bytes.includes(secret))
  const hasGps = bytes.includes(SECONDS) || bytes.includes(Buffer.from(SECONDS).reverse())
  return [...found.map(([kind]) => kind), ...(hasGps ? ['gps'] : [])]
}

/** Noise, since smooth images have few 0xFF in their scans. Always the same. */
export function image({ width = 32, height = 24, channels = 3 as 1 | 3 | 4, seed = 1 } = {}): Sharp {
  let state = seed
  const noise = Buffer.from(
    Array.from({ length: width * height * channels }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state >>> 24
    }),
  )
  return sharp(noise, { raw: { width, height, channels } })
}

/** An image with the metadata that sharp can write: EXIF with a position, and XMP. */
export const withSecrets = (image: Sharp): Sharp =>
  image.withExif({ IFD0: { Copyright: SECRETS.exif }, IFD3: GPS }).withXmp(XMP)

/** All frames, as sharp decodes them: colours are converted by the profile, so a lost profile shows. */
export const pixels = (bytes: Buffer): Promise<Buffer> =>
  sharp(bytes, { animated: true }).toColourspace('srgb').raw().toBuffer()

/** What sharp sees that must not be there. */
export async function metadataLeft(bytes: Buffer): Promise<string[]> {
  const { exif, xmp, iptc, orientation, comments, tifftagPhotoshop } = await sharp(bytes).metadata()
  const left = { exif, xmp, iptc, orientation, comments, tifftagPhotoshop }
  return Object.entries(left).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

// Reading and stripping

/** Cuts bytes at the given places, any number in any order; each chunk's memory is overwritten when the next is asked for. */
export async function* cut(bytes: Buffer, at: readonly number[] = []): AsyncGenerator<Uint8Array> {
  const places = [...new Set([0, ...at.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  for (const [index, place] of places.slice(1).entries()) {
    const chunk = new Uint8Array(bytes.subarray(places[index], place))
    yield chunk
    chunk.fill(0xee)
  }
}

export interface Result {
  bytes: Buffer
  removed: RemovedKind[]
}

export async function strip(format: StrippableFormat, file: Buffer, at: readonly number[] = []): Promise<Result> {
  const { bytes, removed } = stripMetadata(format, () => cut(file, at))
  return { bytes: Buffer.concat(await Array.fromAsync(bytes)), removed: removed() }
}

/** How stripping ends, as something to compare: the bytes, or the reason why not. Other errors go through. */
export const outcome = (format: StrippableFormat, file: Buffer, at: readonly number[] = []): Promise<string> =>
  strip(format, file, at).then(
    ({ bytes, removed }) => `${bytes.toString('latin1')} without ${removed.join()}`,
    (error) => {
      if (error.name !== 'UnstrippableError') throw error
      return error.reason
    },
  )

// JPEG by hand

export function segment(marker: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1')
  const header = Buffer.of(0xff, marker, 0, 0)
  header.writeUInt16BE(bytes.length + 2, 2)
  return Buffer.concat([header, bytes])
}

/** Puts segments right behind SOI. */
export const withSegments = (jpeg: Buffer, ...segments: Buffer[]): Buffer =>
  Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])

const SOI = Buffer.of(0xff, 0xd8)
const EOI = Buffer.of(0xff, 0xd9)
const FRAME = segment(0xc0, Buffer.of(8, 0, 8, 0, 16, 1, 1, 0x11, 0))
const TABLES = Buffer.concat([
  segment(0xdb, Buffer.alloc(65, 1).fill(0, 0, 1)),
  segment(0xc4, Buffer.concat([Buffer.of(0x00, 1), Buffer.alloc(15), Buffer.of(0)])),
  segment(0xc4, Buffer.concat([Buffer.of(0x10, 1), Buffer.alloc(15), Buffer.of(0)])),
])
const SCAN = segment(0xda, Buffer.of(1, 1, 0, 0, 63, 0))

/** 16 x 8 pixels of grey: two blocks with nothing in them, and a restart marker between. `parts` replaces parts of it. */
export const tinyJpeg = (
  parts: { frame?: Buffer; beforeScan?: Buffer; data?: Buffer; afterScan?: Buffer; end?: Buffer } = {},
): Buffer =>
  Buffer.concat([
    SOI,
    parts.frame ?? FRAME,
    TABLES,
    segment(0xdd, Buffer.of(0, 1)),
    parts.beforeScan ?? Buffer.alloc(0),
    SCAN,
    parts.data ?? Buffer.of(0x3f, 0xff, 0xd0, 0x3f),
    parts.afterScan ?? Buffer.alloc(0),
    parts.end ?? EOI,
  ])

/** Photoshop's resource 0x0404, IPTC, with one caption in it. */
export const IPTC_SEGMENT = segment(
  0xed,
  Buffer.concat([
    Buffer.from('Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0', 'latin1'),
    Buffer.of(5 + SECRETS.iptc.length, 0x1c, 2, 120, 0, SECRETS.iptc.length),
    Buffer.from(SECRETS.iptc),
    Buffer.alloc(1 - (SECRETS.iptc.length % 2)),
  ]),
)

// PNG by hand

export function pngChunk(type: string, data: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from(data as string, 'latin1')])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(body.length - 4, 0)
  chunk.set(body, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}

/** Signature and IHDR. */
const PNG_START_BYTES = 33

export const withPngChunks = (png: Buffer, ...chunks: Buffer[]): Buffer =>
  Buffer.concat([png.subarray(0, PNG_START_BYTES), ...chunks, png.subarray(PNG_START_BYTES)])

// WebP by hand

export function webpChunk(type: string, data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string, 'latin1')
  const header = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  header.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([header, bytes, Buffer.alloc(bytes.length % 2)])
}

export const riff = (...chunks: Buffer[]): Buffer => webpChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]))

/** Appends chunks to a WebP, and tells the RIFF. */
export const withWebpChunks = (webp: Buffer, ...chunks: Buffer[]): Buffer => riff(webp.subarray(12), ...chunks)

// EXIF by hand

/** TIFF with the directories that matter, in the given byte order. */
export function tiff({
  order = 'II' as 'II' | 'MM',
  orientation = 1,
  gpsTags = [] as number[] | undefined,
  thumbnail = false,
} = {}): Buffer {
  const number = (value: number, size: 2 | 4) => {
    const bytes = Buffer.alloc(size)
    bytes.writeUIntBE(value, 0, size)
    return order === 'II' ? bytes.reverse() : bytes
  }
  const short = (tag: number, value: number) => [
    number(tag, 2),
    number(3, 2),
    number(1, 4),
    number(value, 2),
    number(0, 2),
  ]
  const long = (tag: number, value: number) => [number(tag, 2), number(4, 2), number(1, 4), number(value, 4)]
  const directory = (next: number, ...entries: Buffer[][]) => [
    number(entries.length, 2),
    ...entries.flat(),
    number(next, 4),
  ]

  const [main, gps] = [8, 8 + 2 + 24 + 4]
  const preview = gps + 2 + (gpsTags ?? []).length * 12 + 4
  return Buffer.concat([
    Buffer.from(order),
    number(42, 2),
    number(main, 4),
    ...directory(thumbnail ? preview : 0, short(0x0112, orientation), gpsTags ? long(0x8825, gps) : short(0x0100, 1)),
    ...directory(0, ...(gpsTags ?? []).map((tag) => long(tag, 0))),
    ...(thumbnail ? directory(0, long(0x0201, 0)) : []),
  ])
}
