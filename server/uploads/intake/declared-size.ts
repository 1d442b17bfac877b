import { AppError } from '../../lib/errors.ts'
import { limitBytes } from './limit-bytes.ts'

/**
 * Passes on the bytes of a file with an announced size of `declared` bytes; 0 or less: none was announced. Throws
 * `bad_request` at the first byte too many, or at the end if bytes are missing, so that a cut file never looks complete.
 * `mayBeEmpty`: a body without bytes is accepted as an empty file, as in Plik.
 */
export function ofDeclaredSize(
  bytes: AsyncIterable<Uint8Array>,
  declared: number,
  { mayBeEmpty = false } = {},
): AsyncIterable<Uint8Array> {
  return declared > 0 ? checked(bytes, declared, mayBeEmpty) : bytes
}

async function* checked(bytes: AsyncIterable<Uint8Array>, declared: number, mayBeEmpty: boolean) {
  let size = 0
  for await (const chunk of limitBytes(bytes, declared, () => wrongSize(declared))) {
    size += chunk.byteLength
    yield chunk
  }
  if (size < declared && !(mayBeEmpty && size === 0)) throw wrongSize(declared)
}

/** Like `ofDeclaredSize`, for a size that is already known. */
export function assertDeclaredSize(size: number, declared: number): void {
  if (declared > 0 && size !== declared && size !== 0) throw wrongSize(declared)
}

const wrongSize = (declared: number) => new AppError('declared_size_mismatch', { size: declared })
