import { constants, copyFile, type FileHandle, open } from 'node:fs/promises'
import { inOrder, type RemovedKind } from '../metadata/metadata-kinds.ts'
import { PictureProblem, type ToStrip } from './picture.ts'
import { type ReadAt, withFile } from './read-at.ts'
import { type Directory, FIELD_BYTES, type Field, readDirectories, readDirectory } from './tiff-directory.ts'

const EXIF_DIRECTORY = 34665
const GPS_DIRECTORY = 34853
const INTEROPERABILITY_DIRECTORY = 40965
const POINTERS = [EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY]
const COMPRESSION = 259

/** Description, make, model, software, date, artist, computer, copyright; XMP, IPTC, Photoshop's resources. */
const METADATA = new Map<number, RemovedKind>([
  [270, 'comment'],
  ...[271, 272, 305, 306, 315, 316, 33432].map((tag): [number, RemovedKind] => [tag, 'exif']),
  [700, 'xmp'],
  [33723, 'iptc'],
  [34377, 'iptc'],
  [EXIF_DIRECTORY, 'exif'],
  [GPS_DIRECTORY, 'gps'],
])

/**
 * Copies a TIFF and takes the metadata out of the copy's directories; their bytes become zeros and everything else stays where
 * it is, whatever its compression, pages and private tags. Throws a `PictureProblem` for a camera's raw picture.
 */
export async function stripTiff({ inputPath, outputPath, stop }: ToStrip): Promise<RemovedKind[]> {
  const { directories, blank } = await withFile(
    inputPath,
    async (readAt) => {
      const all = await readDirectories(readAt)
      refuseRaw(all)
      const found = all.flatMap(({ fields, littleEndian }) =>
        metadataOf(fields).map((field) => ({ field, littleEndian })),
      )
      const blank: Range[] = []
      for (const { field, littleEndian } of found) blank.push(...(await rangesOf(readAt, field, littleEndian)))
      return { directories: all, blank }
    },
    stop,
  )
  // A clone shares its blocks with the original where the file system can do that.
  await copyFile(inputPath, outputPath, constants.COPYFILE_FICLONE)
  await edit(outputPath, directories, blank)
  const kinds = directories.flatMap(({ fields }) => fields.map(({ tag }) => METADATA.get(tag)))
  return inOrder(new Set(kinds.filter((kind) => kind !== undefined)))
}

/** How the first page is compressed; 1 is not at all, 7 is JPEG (TIFF 6.0 §22). */
export async function tiffCompression(path: string): Promise<number> {
  const [first] = await withFile(path, readDirectories)
  return first?.fields.find(({ tag }) => tag === COMPRESSION)?.value ?? 1
}

const metadataOf = (fields: Field[]): Field[] => fields.filter(({ tag }) => METADATA.has(tag))

const NEW_SUBFILE_TYPE = 254
const SUB_DIRECTORIES = 330
const DNG_VERSION = 50706

/**
 * Raw pictures of cameras (DNG, NEF, ARW, CR2 …) are TIFF files whose first page is a preview, and whose decoders need the
 * metadata to make sense of the sensor's data. Treating one as a picture would destroy it.
 */
function refuseRaw([first]: Directory[]): void {
  const isRaw = first?.fields.some(
    ({ tag, value }) =>
      tag === SUB_DIRECTORIES || tag === DNG_VERSION || (tag === NEW_SUBFILE_TYPE && (value & 1) === 1),
  )
  // CR2 says so behind its header: its directories look like pages.
  const isCr2 = first?.start === 16 && first.fields.some(({ tag }) => tag === EXIF_DIRECTORY)
  if (isRaw || isCr2)
    throw new PictureProblem('unfit', 'it is a raw picture of a camera, or holds other pictures inside')
}

type Range = Pick<Field, 'start' | 'end'>

/** What a field says and everything that it points to. Exif points to interoperability data, and nothing deeper. */
async function rangesOf(readAt: ReadAt, field: Field, littleEndian: boolean, depth = 0): Promise<Range[]> {
  if (!POINTERS.includes(field.tag) || depth > 1) return [field]
  const { start, fields } = await readDirectory(readAt, { base: 0, offset: field.value, littleEndian })
  const ranges: Range[] = [{ start, end: start + 2 + fields.length * FIELD_BYTES + 4 }]
  for (const inner of fields) ranges.push(...(await rangesOf(readAt, inner, littleEndian, depth + 1)))
  return ranges
}

/** Of one field; also what is held in memory to overwrite it. */
const MAXIMUM_FIELD_BYTES = 2 ** 26

async function edit(path: string, directories: Directory[], blank: Range[]): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    if (blank.some(({ start, end }) => end - start > MAXIMUM_FIELD_BYTES))
      throw new RangeError('a field of many megabytes')
    for (const { start, end } of blank) await fillWithZeros(file, start, Math.min(end, size))
    for (const directory of directories) await writeWithoutMetadata(file, directory)
  } finally {
    await file.close()
  }
}

/** What reaches past the end of a file that was cut off is not there. */
async function fillWithZeros(file: FileHandle, start: number, end: number): Promise<void> {
  if (end > start) await file.write(Buffer.alloc(end - start), 0, end - start, start)
}

/** Fields move up into the places of those that went; the offset of the next directory follows behind the last. */
async function writeWithoutMetadata(file: FileHandle, { start, fields, littleEndian }: Directory): Promise<void> {
  const bytes = Buffer.alloc(2 + fields.length * FIELD_BYTES + 4)
  await file.read(bytes, 0, bytes.length, start)
  const at = (index: number) => 2 + index * FIELD_BYTES
  const kept = fields.flatMap(({ tag }, index) => (METADATA.has(tag) ? [] : [bytes.subarray(at(index), at(index + 1))]))
  const count = Buffer.alloc(2)
  if (littleEndian) count.writeUInt16LE(kept.length)
  else count.writeUInt16BE(kept.length)
  const result = Buffer.concat([count, ...kept, bytes.subarray(at(fields.length))], bytes.length)
  await file.write(result, 0, result.length, start)
}
