import type { Content } from './open-file.ts'
import { TooLargeError } from './problems.ts'
import { downloadWorker, saveByWorker } from './save-by-worker.ts'
import { MAX_HELD_BYTES } from './view.ts'

/** Enough time for a download to read the URL. */
const REVOKE_MS = 10_000

/** From the File System Access API, which TypeScript has no types for. */
interface Picker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>
}

/**
 * Saves generated data as a file. A service worker lets the browser write it to disk as a stream. Without one, small files are
 * held in memory, and for large ones the user is asked where to write them. `size`: approximate, in bytes. Throws `TooLargeError`
 * before anything is read if the data can't be saved. Resolves when all data was passed on, or the user has cancelled.
 */
export async function save(
  { name, size }: { name: string; size: number },
  open: () => Promise<Content>,
  signal: AbortSignal,
): Promise<void> {
  const worker = await downloadWorker()
  if (worker) return saveByWorker(worker, name, await open(), signal)
  if (size <= MAX_HELD_BYTES) return saveFromMemory(name, await open())
  const handle = await pickFile(name)
  if (handle) await writeTo(handle, await open(), signal)
}

async function saveFromMemory(name: string, { bytes }: Content): Promise<void> {
  const blob = await new Response(bytes as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS)
}

/** Undefined: the user cancelled. */
async function pickFile(suggestedName: string): Promise<FileSystemFileHandle | undefined> {
  const { showSaveFilePicker } = window as Picker
  if (!showSaveFilePicker) throw new TooLargeError()
  try {
    return await showSaveFilePicker({ suggestedName })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined
    throw new TooLargeError() // the user's click, which the picker needs, was too long ago
  }
}

/** Existing content is replaced only after all data was written. */
async function writeTo(handle: FileSystemFileHandle, { bytes }: Content, signal: AbortSignal): Promise<void> {
  await (bytes as ReadableStream<Uint8Array<ArrayBuffer>>).pipeTo(await handle.createWritable(), { signal })
}
