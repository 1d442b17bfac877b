import fs from 'node:fs'
import { LRUCache } from 'lru-cache'
import type { BlobKey } from './blob-store.ts'

const MAX_FILES = 256
/** For this long, a file deleted by another process keeps its space on the disk. */
const OPEN_MS = 5_000

/**
 * Open descriptors of files that were read synchronously, kept for a few seconds. Small files and parts are often read again
 * soon, and opening and closing takes 17 of the 80 us of CPU of such a download (2 cores, Node 26). They are used only
 * synchronously, so they can be closed at any time.
 */
export function createOpenFiles() {
  const files = new LRUCache<BlobKey, number>({
    max: MAX_FILES,
    ttl: OPEN_MS,
    ttlAutopurge: true,
    dispose: (fd) => fs.closeSync(fd),
  })

  /** The descriptor belongs to the cache from now on. */
  function keep(key: BlobKey, fd: number): number {
    files.set(key, fd)
    return fd
  }

  return {
    find: (key: BlobKey): number | undefined => files.get(key),
    keep,
    /** For a blob that was deleted or moved. */
    forget: (key: BlobKey): void => void files.delete(key),
    close: (): void => files.clear(),
  }
}
