import { crc32, deflateSync } from 'node:zlib'
import sharp, { type OutputInfo, type Sharp } from 'sharp'
import { type Luma, lumaOf, similarity as similarityOf } from '../../server/images/pipeline/similarity.ts'

/** Images for tests, made by sharp, or by hand if sharp can't make them. */

/** Red, green, blue, 8 bits each, row by row. */
export interface Pixels {
  width: number
  height: number
  data: Buffer
}

export const image = ({ width, height, data }: Pixels): Sharp => sharp(data, { raw: { width, height, channels: 3 } })

/** Red, green, blue (and alpha) of a point, as sharp decodes the file. */
export async function colourAt(input: string | Buffer, x: number, y: number, page = 0): Promise<number[]> {
  const { data, info } = await decoded(input, page)
  return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x + 1) * info.channels)]
}

async function decoded(input: string | Buffer, page: number): Promise<{ data: Buffer; info: OutputInfo }> {
  return await sharp(input, { page }).raw().toBuffer({ resolveWithObject: true })
}

/** The pixels as they are stored: neither turned nor converted. */
export async function storedPixels(input: string | Buffer): Promise<Pixels> {
  const { data, info } = await sharp(input, { ignoreIcc: true, pages: -1 }).raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

/** Red, green, blue and yellow corners, 48 × 32: no turn or reflection looks like another. */
export function fourCorners(): Pixels {
  return drawn(48, 32, (x, y) => {
    if (y < 16) return x < 24 ? [220, 30, 30] : [30, 200, 40]
    return x < 24 ? [30, 40, 220] : [230, 220, 40]
  })
}

export function drawn(width: number, height: number, colour: (x: number, y: number) => readonly number[]): Pixels {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3)
  return { width, height, data }
}

/** Clouds of every size with a few hard edges: as detailed as a photo, and the same each time. */
export async function photo(width: number, height: number): Promise<Pixels> {
  const sum = new Float32Array(width * height * 3).fill(128)
  for (let columns = 4; columns < width / 2; columns *= 2) {
    const rows = Math.max(2, Math.round((columns * height) / width))
    const noise = Buffer.from(randomNumbers(columns * rows * 3, columns))
    const cloud = await sharp(noise, { raw: { width: columns, height: rows, channels: 3 } })
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer()
    const weight = 1.1 / Math.sqrt(columns / 4)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + ((cloud[i] ?? 0) - 128) * weight
  }
  const data = Buffer.from(sum.map((value) => Math.max(0, Math.min(255, value))))
  for (let y = height >> 2; y < height >> 1; y++)
    data.fill(20, (y * width + (width >> 2)) * 3, (y * width + (width >> 1)) * 3)
  return { width, height, data }
}

/** From 0 to 255, the same for the same seed (Numerical Recipes' generator). */
function randomNumbers(count: number, seed: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

/** Copies of a file, each with four of its first bytes changed, the same each time. */
export function* damaged(file: Buffer, count: number, reach = 700): Generator<Buffer> {
  const places = randomNumbers(count * 16, count)
  const next = () => places.pop() ?? 0
  for (let copy = 0; copy < count; copy++) {
    const bytes = Buffer.from(file)
    for (let change = 0; change < 4; change++)
      bytes[12 + ((next() * 256 + next()) % Math.min(reach, file.length - 12))] = next()
    yield bytes
  }
}

/** Where a pixel of the upright image is stored under each orientation (TIFF 6.0 §8, EXIF 2.32 §4.6.4). */
const STORED_AT: ((x: number, y: number, w: number, h: number) => [number, number])[] = [
  (x, y) => [x, y],
  (x, y, w) => [w - 1 - x, y],
  (x, y, w, h) => [w - 1 - x, h - 1 - y],
  (x, y, _, h) => [x, h - 1 - y],
  (x, y) => [y, x],
  (x, y, w) => [y, w - 1 - x],
  (x, y, w, h) => [h - 1 - y, w - 1 - x],
  (x, y, _, h) => [h - 1 - y, x],
]

/** The pixels that a camera stores which was held so that `orientation` (1 to 8) makes them upright. */
export function asHeld({ width, height, data }: Pixels, orientation: number): Pixels {
  const storedAt = STORED_AT[orientation - 1]
  if (!storedAt) throw new RangeError('orientations are 1 to 8')
  const isTurned = orientation > 4
  const stored = {
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    data: Buffer.alloc(data.length),
  }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [column, row] = storedAt(x, y, width, height)
      data.copy(stored.data, (row * stored.width + column) * 3, (y * width + x) * 3, (y * width + x + 1) * 3)
    }
  return stored
}

/** What a phone writes: who and where. */
export const PHONE_EXIF = {
  IFD0: { Make: 'Telephone', Model: 'Mayfly 1', Artist: 'Anna Person' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '13/1 24/1 0/1' },
}

/** The least that turns an image: a TIFF header and one directory of one field. */
export function orientationExif(orientation: number): Buffer {
  const header = Buffer.from('Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0', 'latin1')
  return Buffer.concat([header, Buffer.of(orientation, 0, 0, 0), Buffer.alloc(4)])
}

/** What must not be in a file whose metadata was `PHONE_EXIF`, `XMP` and the like. */
export const SECRETS = ['Telephone', 'Mayfly 1', 'Anna Person', 'secret', 'Exif\0', 'xmpmeta']

/** Those of them that a file holds. */
export const secretsIn = (file: Buffer | string): string[] => SECRETS.filter((secret) => file.includes(secret))

export const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret/></x:xmpmeta>'

const ADOBE_RGB = { red: [0.6097, 0.3111, 0.0195], green: [0.2053, 0.6257, 0.0609], blue: [0.1492, 0.0632, 0.7446] }
const SRGB = { red: [0.4361, 0.2225, 0.0139], green: [0.3851, 0.7169, 0.0971], blue: [0.1431, 0.0606, 0.7141] }

/** ICC profiles by hand: a version 2 display profile of three colours and one gamma (ICC.1:2001-04 §6.3.1.2). */
export const adobeRgbProfile = (): Buffer => iccProfile('Adobe RGB (1998)', ADOBE_RGB, 2.199)
export const gammaSrgbProfile = (): Buffer => iccProfile('c2', SRGB, 2.2)
/** Says sRGB and is Adobe RGB. */
export const lyingProfile = (): Buffer => iccProfile('sRGB IEC61966-2.1', ADOBE_RGB, 2.199)

function iccProfile(name: string, { red, green, blue }: typeof SRGB, gamma: number): Buffer {
  const curve = Buffer.alloc(16)
  curve.write('curv', 'latin1')
  curve.writeUInt32BE(1, 8)
  curve.writeUInt16BE(Math.round(gamma * 256), 12)
  const tags: [string, Buffer][] = [
    ['desc', iccDescription(name)],
    ['cprt', Buffer.from('text\0\0\0\0none\0\0\0\0', 'latin1')],
    ['wtpt', iccColour([0.9642, 1, 0.8249])],
    ['rXYZ', iccColour(red)],
    ['gXYZ', iccColour(green)],
    ['bXYZ', iccColour(blue)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ]
  const table = Buffer.alloc(4 + 12 * tags.length)
  table.writeUInt32BE(tags.length, 0)
  let offset = 128 + table.length
  for (const [index, [signature, content]] of tags.entries()) {
    table.write(signature, 4 + 12 * index, 'latin1')
    table.writeUInt32BE(offset, 8 + 12 * index)
    table.writeUInt32BE(content.length, 12 + 12 * index)
    offset += content.length
  }
  const header = Buffer.alloc(128)
  header.writeUInt32BE(offset, 0)
  header.writeUInt32BE(0x02400000, 8)
  header.write('mntrRGB XYZ ', 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  iccColour([0.9642, 1, 0.8249]).copy(header, 68, 8)
  return Buffer.concat([header, table, ...tags.map(([, content]) => content)])
}

function iccColour(values: number[]): Buffer {
  const tag = Buffer.alloc(20)
  tag.write('XYZ ', 'latin1')
  for (const [index, value] of values.entries()) tag.writeInt32BE(Math.round(value * 65_536), 8 + 4 * index)
  return tag
}

function iccDescription(name: string): Buffer {
  const tag = Buffer.alloc(92 + Math.ceil((name.length + 1) / 4) * 4)
  tag.write('desc', 'latin1')
  tag.writeUInt32BE(name.length + 1, 8)
  tag.write(name, 12, 'latin1')
  return tag
}

/** A PNG chunk with its checksum. */
export function pngChunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(content.length, 0)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}

const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** A PNG of a few bytes that declares any size: eight bits grey, and as much of its pixels as `rows` says. */
export function declaredPng(width: number, height: number, rows = 1): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0])
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  const pixels = deflateSync(Buffer.alloc((width + 1) * rows))
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

/** Puts a chunk behind a PNG's header. */
export const withPngChunk = (png: Buffer, type: string, content: Uint8Array): Buffer =>
  Buffer.concat([png.subarray(0, 33), pngChunk(type, content), png.subarray(33)])

/** Embeds a profile without touching the pixels. */
export const withPngProfile = (png: Buffer, profile: Buffer): Buffer =>
  withPngChunk(png, 'iCCP', Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)]))

/** Puts a segment behind a JPEG's first marker. */
export function withJpegSegment(jpeg: Buffer, marker: number, content: Uint8Array): Buffer {
  const segment = Buffer.from([0xff, marker, 0, 0])
  segment.writeUInt16BE(content.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), segment, content, jpeg.subarray(2)])
}

export const withJpegProfile = (jpeg: Buffer, profile: Buffer): Buffer =>
  withJpegSegment(jpeg, 0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), profile]))

const GIF_HEADER = Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\xff', 'latin1')
const GIF_FRAME = Buffer.from('\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0', 'latin1')

/** A GIF of one pixel and as many frames of a tenth of a second, 24 bytes each. */
export const tinyGif = (frames: number): Buffer =>
  Buffer.concat([GIF_HEADER, ...Array<Buffer>(frames).fill(GIF_FRAME), Buffer.from(';')])

/** Puts an extension behind a GIF's global colour table. */
export function withGifExtension(gif: Buffer, label: number, ...blocks: string[]): Buffer {
  const table = 13 + 3 * 2 ** (((gif[10] ?? 0) & 7) + 1)
  const content = blocks.map((block) => Buffer.concat([Buffer.of(block.length), Buffer.from(block, 'latin1')]))
  return Buffer.concat([gif.subarray(0, table), Buffer.of(0x21, label), ...content, Buffer.of(0), gif.subarray(table)])
}

/** One value per field, or ASCII; enough for a TIFF that sharp did not write. */
export interface TiffField {
  tag: number
  value: number | string | TiffField[]
}

/** Adds fields to the first directory of a little-endian TIFF, in a new directory at its end. */
export function withTiffFields(tiff: Buffer, added: TiffField[]): Buffer {
  const start = tiff.readUInt32LE(4)
  const count = tiff.readUInt16LE(start)
  const old = Array.from({ length: count }, (_, i) => tiff.subarray(start + 2 + 12 * i, start + 14 + 12 * i))
  const next = tiff.subarray(start + 2 + 12 * count, start + 6 + 12 * count)
  let end = tiff
  const append = (bytes: Buffer): number => {
    const at = end.length + (end.length % 2)
    end = Buffer.concat([end, Buffer.alloc(end.length % 2), bytes])
    return at
  }
  const field = ({ tag, value }: TiffField): Buffer => {
    const bytes = Buffer.alloc(12)
    bytes.writeUInt16LE(tag, 0)
    bytes.writeUInt16LE(typeof value === 'string' ? 2 : 4, 2)
    bytes.writeUInt32LE(typeof value === 'string' ? value.length + 1 : 1, 4)
    if (typeof value === 'number') bytes.writeUInt32LE(value, 8)
    else if (typeof value === 'string' && value.length < 4) bytes.write(value, 8, 'latin1')
    else if (typeof value === 'string') bytes.writeUInt32LE(append(Buffer.from(`${value}\0`, 'latin1')), 8)
    else bytes.writeUInt32LE(append(directory(value.map(field), Buffer.alloc(4))), 8)
    return bytes
  }
  const fields = [...old.filter((one) => !added.some(({ tag }) => tag === one.readUInt16LE(0))), ...added.map(field)]
  const position = append(directory(fields, next))
  end.writeUInt32LE(position, 4)
  return end
}

function directory(fields: Buffer[], next: Uint8Array): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16LE(fields.length)
  return Buffer.concat([count, ...fields.toSorted((a, b) => a.readUInt16LE(0) - b.readUInt16LE(0)), next])
}

/** Of two images of any kind; 0: of different sizes. */
export async function similarity(a: Sharp, b: Sharp): Promise<number> {
  const [left, right] = await Promise.all([luma(a), luma(b)])
  return left.width === right.width && left.height === right.height ? similarityOf(left, right) : 0
}

async function luma(image: Sharp): Promise<Luma> {
  const { data, info } = await image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  return lumaOf(data, info)
}

/** A black PNG of a few bytes that says to be turned: much work for who does that. */
export const sidewaysPng = (width: number, height: number): Buffer =>
  withPngChunk(declaredPng(width, height, height), 'eXIf', orientationExif(6).subarray('Exif\0\0'.length))

/** A WebP of a few bytes, all of one colour, that says to be turned (RFC 9649 §2.7 and §3). */
export function sidewaysWebp(width: number, height: number): Buffer {
  const size = (pixels: number) => bits(pixels - 1, 14)
  // No transforms, no colour cache, no meta code; five prefix codes of one symbol each, so that a pixel takes no bits.
  const code = (symbol: number) => bits(0b101, 3) + bits(symbol, 8)
  const stream = `${size(width)}${size(height)}${bits(0, 7)}${[90, 120, 60, 255, 0].map(code).join('')}`
  const bytes = (stream.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt([...byte].reverse().join(''), 2))
  const extended = Buffer.alloc(10)
  extended.writeUInt8(0x08, 0)
  extended.writeUIntLE(width - 1, 4, 3)
  extended.writeUIntLE(height - 1, 7, 3)
  const chunks = [riffChunk('VP8X', extended), riffChunk('VP8L', Buffer.of(0x2f, ...bytes))]
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks, riffChunk('EXIF', orientationExif(6))]))
}

/** The least significant first. */
const bits = (value: number, count: number): string => [...value.toString(2).padStart(count, '0')].reverse().join('')

function riffChunk(type: string, content: Buffer): Buffer {
  const header = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  header.writeUInt32LE(content.length, 4)
  return Buffer.concat([header, content, Buffer.alloc(content.length % 2)])
}

/** An AVIF of sharp's that says its colours by numbers (ITU-T H.273), in the place of a profile that it was given for that. */
export function withNumberedColours(avifWithProfile: Buffer, primaries: number, transfer: number): Buffer {
  const avif = Buffer.from(avifWithProfile)
  const at = avif.indexOf('colrrICC') + 4
  avif.write('nclx', at, 'latin1')
  for (const [index, number] of [primaries, transfer, 6].entries()) avif.writeUInt16BE(number, at + 4 + 2 * index)
  avif.writeUInt8(0x80, at + 10)
  return avif
}
