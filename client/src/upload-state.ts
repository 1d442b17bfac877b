import type { Fingerprint } from './fingerprint.ts'
import type { EncryptionPromise } from './links.ts'

/**
 * The state needed to resume an upload in another process, as plain JSON. It contains secrets: the upload token, the upload URLs,
 * and the key of an encrypted upload.
 */
export interface UploadState {
  version: 1
  /** URL of the server. */
  server: string
  /** Undefined for guests, who do not know the upload's id. */
  uploadId?: string
  token?: string
  /** Set for an encrypted upload. */
  key?: string
  /** What its links guarantee. */
  e2ee?: EncryptionPromise
  files: FileState[]
}

export interface FileState {
  name: string
  /** Bytes; null: a stream, which can't be resumed. */
  size: number | null
  modified?: number
  /** Name on the server. */
  sentName: string
  /** Id of its declared file. */
  fileId?: string
  /** URL to resume at; absent: nothing has arrived. */
  url?: string
  /** Fingerprint of the part that may have been sent. */
  fingerprint?: Fingerprint
  /** Header of an encrypted file; it must not be used for another file. */
  head?: string
  /** The manifest contains it with this header. */
  isListed?: true
  isDone?: true
}

export type SaveState = (state: UploadState) => void | Promise<void>

/** Passes every change to `save`, one call at a time and in order. */
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
