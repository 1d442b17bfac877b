import { stat } from 'node:fs/promises'
import { copyEdited } from '../boxes/edit-file.ts'
import type { RemovedKind } from '../metadata/metadata-kinds.ts'
import type { ToStrip } from './image.ts'
import type { ReadAt } from './read-at.ts'
import { createDirectoryReader, type Directory, fieldOf, firstValueOf } from './tiff-directory.ts'
import { findTiffEdits } from './tiff-edits.ts'
import { withFile } from './with-file.ts'

const COMPRESSION = 259
const SUB_DIRECTORIES = 330
const EXTRA_SAMPLES = 338

/** Copies a TIFF and removes the metadata from the copy. Throws like `findTiffEdits`. */
export async function stripTiff({ inputPath, outputPath, stop }: ToStrip): Promise<RemovedKind[]> {
  const { size } = await stat(inputPath)
  const { edits, removed } = await withFile(inputPath, (readAt) => findTiffEdits({ readAt, size }), stop)
  await copyEdited(inputPath, outputPath, edits)
  return removed
}

/** The compression of the first page; 1 is none, 7 is JPEG (TIFF 6.0 §22). */
export async function tiffCompression(path: string): Promise<number> {
  const [first] = await withFile(path, pagesOf)
  return firstValueOf(first, COMPRESSION) ?? 1
}

/** What sharp would lose or misinterpret in a TIFF; undefined: nothing. */
export async function lossOfTiff(path: string): Promise<string | undefined> {
  const directories = await withFile(path, pagesOf)
  if (directories.some((directory) => fieldOf(directory, SUB_DIRECTORIES))) return 'it holds other images inside'
  // 0: a plate of its own, such as a spot colour; 1 and 2 are alpha (TIFF 6.0 §18).
  const extra = directories.map((directory) => fieldOf(directory, EXTRA_SAMPLES)).find((field) => field !== undefined)
  const isPlate = extra && (extra.value === 0 || extra.end - extra.start > extra.valueBytes)
  return isPlate ? 'it has a plate for a colour of its own' : undefined
}

const pagesOf = (readAt: ReadAt): Promise<Directory[]> => createDirectoryReader(readAt).pages()
