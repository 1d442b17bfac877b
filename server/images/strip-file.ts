import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { stripMetadata } from './metadata/strip-metadata.ts'
import type { Strip } from './pipeline/picture.ts'

const CHUNK_BYTES = 256 * 1024

/** `stripMetadata` from file to file. */
export const stripFile: Strip = async (format, inputPath, outputPath, signal) => {
  const { bytes, removed } = stripMetadata(format, () => createReadStream(inputPath, { highWaterMark: CHUNK_BYTES }))
  await pipeline(bytes, createWriteStream(outputPath), { signal })
  return removed()
}
