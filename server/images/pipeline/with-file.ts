import { open } from 'node:fs/promises'
import { createReadAt, type ReadAt, type ReadPart } from './read-at.ts'

/** Opens a file for `use`. `stop` stops it at the next window. */
export async function withFile<T>(path: string, use: (readAt: ReadAt) => Promise<T>, stop?: AbortSignal): Promise<T> {
  const file = await open(path)
  const readPart: ReadPart = async (position, length) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  }
  try {
    return await use(createReadAt(readPart, stop))
  } finally {
    await file.close()
  }
}
