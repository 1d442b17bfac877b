import { open } from 'node:fs/promises'

/** Bytes of a file at a position. Throws a `RangeError` when they reach past its end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>

const WINDOW_BYTES = 65_536

/**
 * Lets `use` read a file here and there, as one does who follows its structure; memory holds one window of it.
 * `stop` stops it at the next window.
 */
export async function withFile<T>(path: string, use: (readAt: ReadAt) => Promise<T>, stop?: AbortSignal): Promise<T> {
  const file = await open(path)
  let window = { start: 0, bytes: Buffer.alloc(0) }

  async function windowAt(start: number, length: number): Promise<typeof window> {
    stop?.throwIfAborted()
    const bytes = Buffer.alloc(Math.max(length, WINDOW_BYTES))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
    return { start, bytes: bytes.subarray(0, bytesRead) }
  }

  async function readAt(position: number, length: number): Promise<Buffer> {
    const holds = ({ start, bytes }: typeof window) => position >= start && position + length <= start + bytes.length
    if (!holds(window)) window = await windowAt(position, length)
    if (!holds(window)) throw new RangeError('the file ends too early')
    return window.bytes.subarray(position - window.start, position - window.start + length)
  }

  try {
    return await use(readAt)
  } finally {
    await file.close()
  }
}
