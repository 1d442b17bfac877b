import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { rename } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
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
/** Nobody sees a difference to the original, also after it was made smaller. */
const QUALITY = '92'
/** The program, its libraries and its threads. It takes five bytes for a pixel. */
const OWN_BYTES = 512_000_000
const PIXEL_BYTES = 10

/** Undefined: there is no such program in `path`, which is the variable of the environment. */
export function findHeicDecoder(path: string, { timeoutMs }: ImageLimits): HeicDecoder | undefined {
  const folders = path.split(delimiter).filter(isAbsolute)
  const places = PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name)))
  const program = places.find(isExecutable)
  if (program === undefined) return undefined
  return {
    decode: async (inputPath, outputPath, pixels, stop) => {
      const kibibytes = Math.ceil((OWN_BYTES + PIXEL_BYTES * pixels) / 1024)
      const seconds = Math.ceil(timeoutMs / 1000)
      const limited = `ulimit -v ${kibibytes}; ulimit -t ${seconds}; exec "$0" "$@"`
      const target = `${outputPath}.jpg`
      await run('sh', ['-c', limited, program, '-q', QUALITY, inputPath, target], path, stop)
      await rename(target, outputPath).catch(async () => {
        // Of several images, it numbers them.
        await rename(`${outputPath}-1.jpg`, outputPath).catch((error: unknown) => {
          throw new ImageProblem('unfit', UNDECODABLE, error)
        })
      })
    },
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Of the environment, it needs to know nothing else. */
async function run(command: string, options: string[], path: string, stop: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const child = spawn(command, options, { stdio: 'ignore', env: { PATH: path }, signal: stop, killSignal: 'SIGKILL' })
  child.once('error', reject)
  child.once('close', resolve)
  const code = await promise.catch((error: unknown) => {
    stop.throwIfAborted()
    throw error
  })
  stop.throwIfAborted()
  if (code !== 0) throw new ImageProblem('unfit', UNDECODABLE)
}
