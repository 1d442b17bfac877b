import type { AppError } from '../../lib/errors.ts'

/** Passes bytes on, and throws `refusal()` at the first one past `max`; `Infinity`: there is no limit. */
export function limitBytes(
  bytes: AsyncIterable<Uint8Array>,
  max: number,
  refusal: () => AppError,
): AsyncIterable<Uint8Array> {
  return Number.isFinite(max) ? limited(bytes, max, refusal) : bytes
}

async function* limited(bytes: AsyncIterable<Uint8Array>, max: number, refusal: () => AppError) {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > max) throw refusal()
    yield chunk
  }
}
