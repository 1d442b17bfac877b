import type { Content } from './open-file.ts'
import { TooLargeError } from './problems.ts'
import { downloadWorker, saveByWorker } from './save-by-worker.ts'
import { MAX_HELD_BYTES } from './view.ts'

/** By then a download has what it needs. */
const REVOKE_MS = 10_000

/** Of the File System Access API, which TypeScript does not know yet. */
interface Picker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>
}

/**
 * Saves what the page makes itself as a file: a service worker lets the browser write it to disk as it comes; where there is
 * none, small ones are held in memory, and for large ones people are asked where to write them. `size`: about, in bytes.
 * Nothing is opened before it is known where it can go: throws `TooLargeError` when it can't. Resolves when all was handed
 * over, or when somebody has had enough of it.
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

/** Undefined: people have changed their minds. */
async function pickFile(suggestedName: string): Promise<FileSystemFileHandle | undefined> {
  const { showSaveFilePicker } = window as Picker
  if (!showSaveFilePicker) throw new TooLargeError()
  try {
    return await showSaveFilePicker({ suggestedName })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined
    throw new TooLargeError() // the click that it needs was too long ago
  }
}

/** The file takes the place of what was there only when all of it was written. */
async function writeTo(handle: FileSystemFileHandle, { bytes }: Content, signal: AbortSignal): Promise<void> {
  await (bytes as ReadableStream<Uint8Array<ArrayBuffer>>).pipeTo(await handle.createWritable(), { signal })
}
