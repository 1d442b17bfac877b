import { crc32, deflateSync } from 'node:zlib'
import type { Metadata, Sharp } from 'sharp'
import { type BoxReader, createBoxReader, MAX_HEADER_BYTES, readBoxHeader } from '../boxes/box.ts'
import { primaryProperties } from '../boxes/item-boxes.ts'
import { UnstrippableError, unsupported } from '../metadata/unstrippable-error.ts'
import { isSrgbProfile } from './colour-profile.ts'
import { is16Bit } from './encoding.ts'
import { makeProfile, type Primaries } from './make-profile.ts'
import type { ReadAt } from './read-at.ts'
import { fromHlg, fromPq } from './tone-mapping.ts'
import { withFile } from './with-file.ts'

/**
 * Colours that an image defines by numbers (ITU-T H.273) or a gamma instead of an ICC profile. libvips ignores them and
 * treats the values as sRGB (libvips issue 3912), so HDR images look grey.
 */
export interface CodedColours {
  /** An equivalent ICC profile; for an HDR image, one that maps into the range of sRGB. */
  profile: Buffer
  isHdr: boolean
}

/** Undefined: its ICC profile applies, or it is sRGB, or invalid. Throws disk errors. */
export const readCodedColours = (path: string, { format, hasProfile }: Metadata): Promise<CodedColours | undefined> =>
  withFile(path, async (readAt) => {
    if (format === 'png') return await pngColours(readAt, hasProfile)
    if (format !== 'heif') return undefined
    const colours = await boxColours(readAt)
    // The profile wins (AVIF 1.2 §2.2.1), but none can say what the values of an HDR image are.
    return hasProfile && !colours?.isHdr ? undefined : colours
  }).catch((error: unknown) => {
    if (error instanceof UnstrippableError || error instanceof RangeError) return undefined
    throw error
  })

/** H.273 §8.1. All others are treated as sRGB. */
const PRIMARIES = new Map<number, Primaries>([
  [9, 'bt2020'],
  [12, 'p3'],
])
/** H.273 §8.2: from a value to light, where white is 1. All others are shown as sRGB, as in browsers. */
const CURVES = new Map<number, (value: number) => number>([
  [4, (value) => value ** 2.2],
  [5, (value) => value ** 2.8],
  [8, (value) => value],
  [16, fromPq],
  [18, fromHlg],
])
const HDR = [16, 18]

function codedBy(primaries: number, transfer: number): CodedColours | undefined {
  const [named, curve] = [PRIMARIES.get(primaries), CURVES.get(transfer)]
  if (!named && !curve) return undefined
  return { profile: makeProfile(named ?? 'srgb', curve), isHdr: HDR.includes(transfer) }
}

const GAMMA_SCALE = 100_000
/** There are some twenty kinds of chunks that may come before the pixels. */
const MAXIMUM_CHUNKS = 1000

/** PNG third edition §4.3: `cICP`, then `iCCP`, then `sRGB`, then `gAMA`. */
async function pngColours(readAt: ReadAt, hasProfile: boolean): Promise<CodedColours | undefined> {
  let gamma: number | undefined
  let isSrgb = hasProfile
  for (let position = 8, count = 0; count < MAXIMUM_CHUNKS; count++) {
    const chunk = await readAt(position, 8)
    const type = chunk.toString('latin1', 4)
    if (type === 'IDAT') break
    if (type === 'cICP') {
      const [primaries = 0, transfer = 0] = await readAt(position + 8, 2)
      return codedBy(primaries, transfer)
    }
    if (type === 'gAMA') gamma = (await readAt(position + 8, 4)).readUInt32BE(0) / GAMMA_SCALE
    isSrgb ||= type === 'sRGB'
    position += 12 + chunk.readUInt32BE(0)
  }
  return gamma === undefined || isSrgb ? undefined : gammaColours(gamma)
}

function gammaColours(gamma: number): CodedColours | undefined {
  if (!(gamma > 0.1 && gamma < 10)) return undefined
  const profile = makeProfile('srgb', (value) => value ** (1 / gamma))
  return isSrgbProfile(profile) ? undefined : { profile, isHdr: false }
}

/** ISO 14496-12 §12.1.5: `colr` with `nclx`, of the primary item. */
async function boxColours(readAt: ReadAt): Promise<CodedColours | undefined> {
  const boxes = await indexOf(readAt)
  const [meta] = boxes.children(0, boxes.bytes.length)
  const own = meta ? primaryProperties(boxes, meta) : []
  const coded = own.find((box) => box.type === 'colr' && boxes.text(box, 0, 4) === 'nclx')
  return coded && codedBy(boxes.number(coded, 4, 2), boxes.number(coded, 6, 2))
}

/** The index is near the beginning of the file, and that of a photo has some kilobytes. */
const MAXIMUM_INDEX_BYTES = 1_000_000
const MAXIMUM_BOXES = 20

async function indexOf(readAt: ReadAt): Promise<BoxReader> {
  for (let start = 0, count = 0; count < MAXIMUM_BOXES; count++) {
    const header = readBoxHeader(await readAt(start, MAX_HEADER_BYTES))
    if (!header || header.size === 0) break
    if (header.type === 'meta' && header.size <= MAXIMUM_INDEX_BYTES)
      return createBoxReader(await readAt(start, header.size), start)
    start += header.size
  }
  throw unsupported('its index is not where it should be')
}

/**
 * The image as a PNG in memory, with an ICC profile for its values. `image` is opened without colour management, and
 * already resized.
 */
export async function explained(image: Sharp, metadata: Metadata, { profile }: CodedColours): Promise<Buffer> {
  const space = is16Bit(metadata) ? 'rgb16' : 'srgb'
  const png = await image.toColourspace(space).png({ compressionLevel: 0 }).toBuffer()
  const chunk = pngChunk('iCCP', Buffer.concat([Buffer.from('coded\0\0', 'latin1'), deflateSync(profile)]))
  return Buffer.concat([png.subarray(0, HEADER_END), chunk, png.subarray(HEADER_END)])
}

/** PNG third edition §5.2 and §11.2.1: the signature and `IHDR`, with which every PNG begins. */
const HEADER_END = 33

function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
