import { signal } from '@preact/signals'
import { remembered } from '../remembered.ts'

/** Uploads that this browser began and has not finished, so that a closed page is not the end of them. */

export interface UnfinishedFile {
  fileId: string
  path: string
  /** Bytes, as people chose them. */
  size: number
  /** Where the rest is sent to; undefined: nothing of it has arrived. */
  url?: string
  /** What begins an encrypted one. */
  head?: string
}

export interface Unfinished {
  uploadId: string
  token: string
  /** Opens an encrypted one. It stays in this browser, and goes with the last file. */
  secret?: string
  files: UnfinishedFile[]
}

const stored = remembered('unfinished')

export const unfinished = signal<Unfinished[]>(read())

function read(): Unfinished[] {
  try {
    return JSON.parse(stored.get() ?? '[]') as Unfinished[]
  } catch {
    return []
  }
}

/** Other tabs write here, too. */
function update(change: (uploads: Unfinished[]) => Unfinished[]): void {
  unfinished.value = change(read())
  stored.set(unfinished.value.length === 0 ? undefined : JSON.stringify(unfinished.value))
}

export const rememberUnfinished = (upload: Unfinished): void => update((uploads) => [...uploads, upload])

export const forgetUnfinished = (uploadId: string): void =>
  update((uploads) => uploads.filter((upload) => upload.uploadId !== uploadId))

export const noteUrl = (uploadId: string, fileId: string, url: string): void =>
  changeFiles(uploadId, (files) => files.map((file) => (file.fileId === fileId ? { ...file, url } : file)))

export const noteFinished = (uploadId: string, fileId: string): void =>
  changeFiles(uploadId, (files) => files.filter((file) => file.fileId !== fileId))

function changeFiles(uploadId: string, change: (files: UnfinishedFile[]) => UnfinishedFile[]): void {
  update((uploads) =>
    uploads
      .map((upload) => (upload.uploadId === uploadId ? { ...upload, files: change(upload.files) } : upload))
      .filter(({ files }) => files.length > 0),
  )
}
