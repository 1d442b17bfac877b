import { stat } from 'node:fs/promises'
import { findEdits } from '../boxes/find-edits.ts'
import { UnstrippableError } from '../metadata/unstrippable-error.ts'
import { DETECTED_BYTES, detectFormat } from './detect-format.ts'
import { ImageProblem } from './image.ts'
import { UNDECODABLE } from './read-image.ts'
import { withFile } from './with-file.ts'

/** Width and height of a HEIC, upright; undefined: it is none. Throws an `ImageProblem` when it can't be followed. */
export async function heicSize(path: string): Promise<[number, number] | undefined> {
  const { size } = await stat(path)
  return withFile(path, async (readAt) => {
    if (detectFormat(await readAt(0, Math.min(size, DETECTED_BYTES))) !== 'heic') return undefined
    const { dimensions } = await findEdits({ readAt, size })
    if (!dimensions) throw new ImageProblem('unfit', UNDECODABLE)
    return dimensions
  }).catch((error: unknown) => {
    if (error instanceof UnstrippableError) throw new ImageProblem('unfit', UNDECODABLE, error)
    throw error
  })
}
