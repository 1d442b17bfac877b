import { createReadStream, createWriteStream, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { stripMetadata } from '../../../../server/images/metadata/strip-metadata.ts'
import { createImagePipeline } from '../../../../server/images/pipeline/image-pipeline.ts'
import type { ImageReport, Strip } from '../../../../server/images/pipeline/picture.ts'
import { temporaryFolder } from '../../../helpers/database.ts'

export const strip: Strip = async (format, inputPath, outputPath, signal) => {
  const { bytes, removed } = stripMetadata(format, () => createReadStream(inputPath))
  await pipeline(bytes, createWriteStream(outputPath), { signal })
  return removed()
}

export const LIMITS = { bytes: 1_000_000_000, pixels: 100_000_000, frames: 1000, timeoutMs: 30_000 }

export const givenPipeline = (options: Partial<Parameters<typeof createImagePipeline>[0]> = {}) =>
  createImagePipeline({ strip, limits: LIMITS, parallelism: 2, queueLimit: 20, ...options })

/** The path of a file with these bytes in a folder that goes with the test. */
export function givenPicture(bytes: Uint8Array, name = 'input'): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, bytes)
  return path
}

export interface Normalised {
  report: ImageReport | undefined
  input: string
  output: string
  hasOutput: boolean
}

/** What becomes of a picture. */
export async function normalised(bytes: Uint8Array, images = givenPipeline()): Promise<Normalised> {
  const input = givenPicture(bytes)
  const output = join(temporaryFolder(), 'output')
  const report = await images.normalise(input, output)
  return { report, input, output, hasOutput: existsSync(output) }
}
