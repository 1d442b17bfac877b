import { stat } from 'node:fs/promises'
import { brotliDecompressSync } from 'node:zlib'
import { copyEdited } from '../boxes/edit-file.ts'
import { type Findings, findEdits } from '../boxes/find-edits.ts'
import type { ToStrip } from './image.ts'
import { withFile } from './with-file.ts'

/**
 * Copies an AVIF or a HEIC and overwrites personal data in the copy. Everything else keeps its position: re-encoding a
 * phone's photo would take many seconds and lose some quality. Throws if the file can't be parsed.
 */
export async function stripBoxes({ inputPath, outputPath, stop }: ToStrip): Promise<Omit<Findings, 'edits'>> {
  const { size } = await stat(inputPath)
  const { edits, ...findings } = await withFile(inputPath, (readAt) => findEdits({ readAt, size, unbrotli }), stop)
  await copyEdited(inputPath, outputPath, edits)
  return findings
}

const unbrotli = (bytes: Uint8Array, max: number): Buffer => brotliDecompressSync(bytes, { maxOutputLength: max })
