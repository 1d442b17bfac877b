import { execFile, spawn } from 'node:child_process'
import { rename } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type ImageLimits, ImageProblem } from './image.ts'
import { UNDECODABLE } from './read-image.ts'

/**
 * HEIC has no decoder in sharp, because of patents. One of libheif's tools is used where it is installed: as a process of its own, with
 * limits, since what it reads comes from strangers.
 */
export interface HeicDecoder {
  /** Writes the image as a JPEG. Throws an `ImageProblem`, and the reason of `stop`. */
  decode: (inputPath: string, outputPath: string, pixels: number, stop: AbortSignal) => Promise<void>
}

/** Since libheif 1.18, and before. */
const PROGRAMS = ['heif-dec', 'heif-convert']
const SHELL = '/bin/sh'
/** Nobody sees a difference to the original, also after it was made smaller. */
const QUALITY = '92'
/** The program, its libraries and its threads. It takes five bytes for a pixel. */
const OWN_BYTES = 512_000_000
const PIXEL_BYTES = 10

/** Undefined: no such program is installed. */
export type FindHeicDecoder = () => Promise<HeicDecoder | undefined>

/** Searches when the decoder is first needed, since that starts a process, and keeps the result. */
export function createHeicDecoderSearch(limits: ImageLimits): FindHeicDecoder {
  let found: ReturnType<FindHeicDecoder> | undefined
  return () => (found ??= findHeicDecoder(limits))
}

async function findHeicDecoder(limits: ImageLimits): Promise<HeicDecoder | undefined> {
  const commands = PROGRAMS.map((name) => `command -v ${name}`).join(' || ')
  const { stdout } = await promisify(execFile)(SHELL, ['-c', commands]).catch(() => ({ stdout: '' }))
  return stdout ? createHeicDecoder(stdout.trim(), limits) : undefined
}

export function createHeicDecoder(program: string, { timeoutMs }: ImageLimits): HeicDecoder {
  async function decode(inputPath: string, outputPath: string, pixels: number, stop: AbortSignal): Promise<void> {
    const kibibytes = Math.ceil((OWN_BYTES + PIXEL_BYTES * pixels) / 1024)
    const seconds = Math.ceil(timeoutMs / 1000)
    const limited = `ulimit -v ${kibibytes}; ulimit -t ${seconds}; exec "$0" "$@"`
    const target = `${outputPath}.jpg`
    await run(SHELL, ['-c', limited, program, '-q', QUALITY, inputPath, target], stop)
    await rename(target, outputPath)
      .catch(() => rename(`${outputPath}-1.jpg`, outputPath)) // of several images, it numbers them
      .catch((error: unknown) => {
        throw new ImageProblem('unfit', UNDECODABLE, error)
      })
  }

  return { decode }
}

/** It gets nothing of the environment. */
async function run(command: string, options: string[], stop: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const child = spawn(command, options, { stdio: 'ignore', env: {}, signal: stop, killSignal: 'SIGKILL' })
  child.once('error', reject)
  child.once('close', resolve)
  const code = await promise.catch((error: unknown) => {
    stop.throwIfAborted()
    throw error
  })
  stop.throwIfAborted()
  if (code !== 0) throw new ImageProblem('unfit', UNDECODABLE)
}
