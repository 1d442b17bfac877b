import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { stripMetadata } from './metadata/strip-metadata.ts'
import type { Strip } from './pipeline/image.ts'

const CHUNK_BYTES = 256 * 1024

/** `stripMetadata` from file to file. */
export const stripFile: Strip = async (format, { inputPath, outputPath, salvages, stop }) => {
  const open = () => createReadStream(inputPath, { highWaterMark: CHUNK_BYTES })
  const { bytes, removed } = stripMetadata(format, open, { salvages })
  await pipeline(bytes, createWriteStream(outputPath), { signal: stop })
  return removed()
}
