import type { Fingerprint } from './fingerprint.ts'
import type { EncryptionPromise } from './links.ts'

/**
 * All that is needed to resume an upload after the process ended, as plain JSON. It holds secrets: the upload token, the
 * addresses that take the rest, and the key of an encrypted upload.
 */
export interface UploadState {
  version: 1
  /** Of the server. */
  server: string
  /** Undefined for a guest, since guests are not told the upload's id. */
  uploadId?: string
  token?: string
  /** Of an encrypted upload. */
  key?: string
  /** What links to it promise. */
  e2ee?: EncryptionPromise
  files: FileState[]
}

export interface FileState {
  name: string
  /** Bytes; null: a stream, which can't be resumed. */
  size: number | null
  modified?: number
  /** As the server calls it. */
  sentName: string
  /** Its declared place. */
  fileId?: string
  /** Where the rest is sent to; absent: nothing has arrived. */
  url?: string
  /** What may have been sent. */
  fingerprint?: Fingerprint
  /** What an encrypted one begins with; it must not serve for any other file. */
  head?: string
  /** The sealed list has it with this head. */
  isListed?: true
  isDone?: true
}

export type SaveState = (state: UploadState) => void | Promise<void>

/** Tells every change to `save`, one call at a time and in order. */
export function createStateKeeper(state: UploadState, save: SaveState = () => {}) {
  let saved: Promise<void> = Promise.resolve()

  /** Resolves once the change is saved. */
  function change(work: () => void): Promise<void> {
    work()
    const snapshot = structuredClone(state)
    saved = saved.catch(() => {}).then(() => save(snapshot))
    return saved
  }

  return { state, change }
}

export type StateKeeper = ReturnType<typeof createStateKeeper>
