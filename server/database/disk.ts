import { statfs } from 'node:fs/promises'

/** The file system that `folder` is on. */
export function diskOf(folder: string) {
  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  }

  return { freeBytes }
}
