import { AppError } from '../../lib/errors.ts'
import { limitBytes } from './limit-bytes.ts'

/**
 * Passes the bytes of a file for which `declared` bytes were announced; 0 or less: no size was. Throws `bad_request` at
 * the first byte too many, or at the end when some are missing: what was cut on its way must not look whole. `mayBeEmpty`:
 * no bytes at all are taken for an empty file, as Plik does.
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

/** The same for a size that is known at once. */
export function assertDeclaredSize(size: number, declared: number): void {
  if (declared > 0 && size !== declared && size !== 0) throw wrongSize(declared)
}

const wrongSize = (declared: number) => new AppError('declared_size_mismatch', { size: declared })
