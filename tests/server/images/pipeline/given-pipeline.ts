import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeicDecoder } from '../../../../server/images/pipeline/heic-decoder.ts'
import type { ImageLimits, ImageReport, Strip } from '../../../../server/images/pipeline/image.ts'
import { createImagePipeline } from '../../../../server/images/pipeline/image-pipeline.ts'
import { createMemoryBudget } from '../../../../server/images/pipeline/memory.ts'
import { createSlots } from '../../../../server/images/pipeline/slots.ts'
import { stripFile } from '../../../../server/images/strip-file.ts'
import { temporaryFolder } from '../../../helpers/database.ts'

export const LIMITS = { bytes: 1_000_000_000, pixels: 100_000_000, frames: 1000, timeoutMs: 30_000 }

interface Options {
  strip?: Strip
  limits?: ImageLimits
  parallelism?: number
  queueLimit?: number
  memoryBytes?: number
  heicDecoder?: HeicDecoder | undefined
}

export function givenPipeline({
  strip = stripFile,
  limits = LIMITS,
  parallelism = 2,
  queueLimit = 20,
  memoryBytes = 1_000_000_000,
  heicDecoder,
}: Options = {}) {
  const slots = createSlots({ parallelism, queueLimit, waitMs: 30_000, timeoutMs: limits.timeoutMs })
  const memory = createMemoryBudget(memoryBytes)
  return createImagePipeline({ strip, limits, slots, memory, findHeicDecoder: async () => heicDecoder })
}

/** The path of a file with these bytes in a folder that goes with the test. */
export function givenImage(bytes: Uint8Array, name = 'input'): string {
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

/** What becomes of an image. */
export async function normalised(bytes: Uint8Array, images = givenPipeline()): Promise<Normalised> {
  const input = givenImage(bytes)
  const output = join(temporaryFolder(), 'output')
  const report = await images.normalise(input, output)
  return { report, input, output, hasOutput: existsSync(output) }
}
