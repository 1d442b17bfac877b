/** Reads bytes of a file at a position, into a buffer that is not reused. Throws a `RangeError` beyond the end of the file. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>

/** Reads bytes of a file at a position; fewer only at its end. */
export type ReadPart = (position: number, length: number) => Promise<Buffer>

const WINDOW_BYTES = 65_536

/**
 * For reads close to each other, as in parsing the structure of a file; one window of it is kept in memory. `stop` stops
 * the next read.
 */
export function createReadAt(readPart: ReadPart, stop?: AbortSignal): ReadAt {
  let window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) }

  async function windowAt(start: number, length: number): Promise<typeof window> {
    stop?.throwIfAborted()
    return { start, bytes: await readPart(start, Math.max(length, WINDOW_BYTES)) }
  }

  return async (position, length) => {
    const holds = ({ start, bytes }: typeof window) => position >= start && position + length <= start + bytes.length
    if (!holds(window)) window = await windowAt(position, length)
    if (!holds(window)) throw new RangeError('the file ends too early')
    return window.bytes.subarray(position - window.start, position - window.start + length)
  }
}
