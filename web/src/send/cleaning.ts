import type { ChosenFile } from './chosen-files.ts'
import type { Cleaned } from './cleaned.ts'

/**
 * The same files with personal metadata removed from photos and videos, for uploads whose content the server can't clean. A file
 * that can't be read now is sent unchanged, and its report states that it may contain its location.
 */
export async function withCleaned(files: readonly ChosenFile[]): Promise<ChosenFile[]> {
  const worker = new Worker(new URL('./clean-worker.ts', import.meta.url), { type: 'module' })
  try {
    const ready: ChosenFile[] = []
    for (const file of files) {
      worker.postMessage(file.bytes)
      const cleaned = (await answerOf(worker)) ?? { bytes: file.bytes, report: { removed: [], remaining: [] } }
      ready.push({ ...file, cleaned })
    }
    return ready
  } finally {
    worker.terminate()
  }
}

/** Rejects if the worker could not be loaded. */
const answerOf = (worker: Worker): Promise<Cleaned | undefined> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Cleaned | undefined>) => resolve(data)
    worker.onerror = () => reject(new TypeError('the worker that cleans files did not start'))
  })
