import { constants, copyFile, type FileHandle, open } from 'node:fs/promises'
import type { Edit } from './edits.ts'

const ZEROS = Buffer.alloc(256 * 1024)

/** Applies edits to a file that has no other writer. */
export async function editFile(file: FileHandle, edits: readonly Edit[]): Promise<void> {
  for (const { start, end, bytes } of edits) {
    if (bytes) await file.write(bytes, 0, bytes.length, start)
    else await fillWithZeros(file, start, end)
  }
}

/** Copies a file and applies edits to the copy. */
export async function copyEdited(inputPath: string, outputPath: string, edits: readonly Edit[]): Promise<void> {
  // A clone shares its blocks with the original where the file system can do that.
  await copyFile(inputPath, outputPath, constants.COPYFILE_FICLONE)
  const file = await open(outputPath, 'r+')
  try {
    await editFile(file, edits)
  } finally {
    await file.close()
  }
}

async function fillWithZeros(file: FileHandle, start: number, end: number): Promise<void> {
  for (let at = start; at < end; at += ZEROS.length) await file.write(ZEROS, 0, Math.min(ZEROS.length, end - at), at)
}
