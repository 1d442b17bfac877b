import { type ByteReader, readingFrom } from './byte-reader.ts'
import type { Found } from './metadata-kinds.ts'
import type { Stripping } from './salvage.ts'
import { stripJpeg } from './strip-jpeg.ts'
import { UnstrippableError } from './unstrippable-error.ts'

/** A smaller JPEG after the photo's own, which contains how much brighter HDR screens show each part (Ultra HDR). */
export interface GainMap {
  /** Without its metadata. */
  bytes: Buffer
  /** Size of the photo before it, without its metadata. */
  photoBytes: number
}

/** Gain maps usually have a quarter of the photo's width and height. */
const MAXIMUM_BYTES = 16 * 1024 * 1024
/** A photo may also be followed by a larger preview and a film. */
const MAXIMUM_IMAGES = 3

/** `stripJpeg` for a whole file, keeping its gain map. */
export async function* stripWithGainMap(
  open: () => AsyncIterable<Uint8Array>,
  stripping: Stripping,
): AsyncGenerator<Uint8Array, void> {
  const found: Found = new Set()
  const gainMap = await findGainMap(open, { ...stripping, found })
  yield* readingFrom(open, (reader) => stripJpeg(reader, { ...stripping, gainMap }))
  for (const kind of found) stripping.found.add(kind)
  if (gainMap) yield gainMap.bytes
}

/** Searches for a gain map; of a photo that does not announce one, only the beginning is read. */
async function findGainMap(open: () => AsyncIterable<Uint8Array>, stripping: Stripping): Promise<GainMap | undefined> {
  const search = readingFrom(open, async function* (reader): AsyncGenerator<GainMap, void> {
    const gainMap = await searchIn(reader, stripping)
    if (gainMap) yield gainMap
  })
  try {
    for await (const gainMap of search) return gainMap
  } catch (error) {
    if (!(error instanceof UnstrippableError)) throw error
  }
  return undefined
}

async function searchIn(reader: ByteReader, { found, salvages }: Stripping): Promise<GainMap | undefined> {
  const photo = { announcesGainMap: false, hasScan: false }
  let photoBytes = 0
  for await (const part of stripJpeg(reader, { found: new Set(), salvages, seeksGainMap: true, notes: photo })) {
    photoBytes += part.length
    if (photo.hasScan && !photo.announcesGainMap) return undefined
  }
  for (let image = 0; image < MAXIMUM_IMAGES; image++) {
    const notes = { announcesGainMap: false, hasScan: false }
    const bytes = await collected(stripJpeg(reader, { found, salvages: false, isGainMap: true, notes }))
    if (!bytes) return undefined
    if (notes.announcesGainMap) return { bytes, photoBytes }
  }
  return undefined
}

async function collected(parts: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const copies: Buffer[] = []
  let size = 0
  for await (const part of parts) {
    size += part.length
    if (size > MAXIMUM_BYTES) return undefined
    copies.push(Buffer.from(part))
  }
  return Buffer.concat(copies)
}
