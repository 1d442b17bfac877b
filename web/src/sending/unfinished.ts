import { signal } from '@preact/signals'
import { remembered, rememberedUnder } from '../remembered.ts'
import { thisTab } from './tabs.ts'

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
  /** Of what a guest brings, who is not told the upload's, a name of our own. */
  uploadId: string
  /** Gives the right to send: the upload's, or a guest's request's. */
  token: string
  isGuest?: true
  /** Opens an encrypted one. It stays in this browser, and goes with the last file. */
  secret?: string
  /** Which tab sends it, as long as that tab is there; undefined: none. */
  tab?: string
  files: UnfinishedFile[]
}

/** Each has its own place, where only the tab that sends it writes: so tabs never undo what others note. */
const PLACE = 'unfinished-'
const placeOf = (uploadId: string) => remembered(PLACE + uploadId)

export const unfinished = signal<Unfinished[]>(readAll())
addEventListener('storage', readAgain) // another tab wrote

function readAll(): Unfinished[] {
  return rememberedUnder(PLACE).flatMap((text) => parsed(text) ?? [])
}

function readAgain(): void {
  unfinished.value = readAll()
}

function parsed(text: string | undefined): Unfinished | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Unfinished)
  } catch {
    return undefined
  }
}

export function rememberUnfinished(upload: Unfinished): void {
  placeOf(upload.uploadId).set(JSON.stringify(upload))
  readAgain()
}

export function forgetUnfinished(uploadId: string): void {
  placeOf(uploadId).set(undefined)
  readAgain()
}

/** Others see that it is under way from here. */
export const noteStarted = (uploadId: string): void => change(uploadId, (upload) => ({ ...upload, tab: thisTab }))

/** What is left of it can be gone on with from anywhere. */
export const noteLeft = (uploadId: string): void => change(uploadId, ({ tab: _tab, ...upload }) => upload)

export const noteUrl = (uploadId: string, fileId: string, url: string): void =>
  changeFiles(uploadId, (files) => files.map((file) => (file.fileId === fileId ? { ...file, url } : file)))

export const noteFinished = (uploadId: string, fileId: string): void =>
  changeFiles(uploadId, (files) => files.filter((file) => file.fileId !== fileId))

const changeFiles = (uploadId: string, changed: (files: UnfinishedFile[]) => UnfinishedFile[]): void =>
  change(uploadId, (upload) => ({ ...upload, files: changed(upload.files) }))

function change(uploadId: string, changed: (upload: Unfinished) => Unfinished): void {
  const upload = parsed(placeOf(uploadId).get())
  if (!upload) return
  const next = changed(upload)
  if (next.files.length === 0) forgetUnfinished(uploadId)
  else rememberUnfinished(next)
}
