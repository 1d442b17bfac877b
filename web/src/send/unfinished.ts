import type { Fingerprint } from '../../../client/src/fingerprint.ts'
import { storedList } from '../lib/browser-storage.ts'
import { thisTab } from './tabs.ts'

/** Uploads that this browser began and has not finished, so that a closed page is not the end of them. */

export interface UnfinishedFile {
  /** Tells it from the others of its upload. */
  key: string
  /** Undefined: it was added to an upload that was there. */
  fileId?: string
  path: string
  /** Bytes, as people chose them. */
  size: number
  /** When it was changed last, epoch ms. */
  modified: number
  /** Where the rest is sent to; undefined: nothing of it has arrived. */
  url?: string | undefined
  /** What of it may have been sent. */
  fingerprint?: Fingerprint | undefined
  /** Of an encrypted one: as the server calls it. */
  name?: string | undefined
  /** What begins an encrypted one. It must not serve for any other file. */
  head?: string | undefined
  /** The page itself cleaned it before it was sent. */
  isCleaned?: boolean
}

export interface Unfinished {
  /** Of what a guest brings, who is not told the upload's, a name of our own. */
  uploadId: string
  /** Gives the right to send: the upload's, or a guest's request's. */
  token: string
  isGuest?: true
  /** Opens an encrypted one. It stays in this browser, and goes with the last file. */
  secret?: string
  /** Somebody may have its link, so it is more than the files that are left here. */
  isShared: boolean
  /** Which tab sends it, as long as that tab is there; undefined: none. */
  tab?: string
  files: UnfinishedFile[]
}

/** Of each, only the tab that sends it writes. */
const stored = storedList<Unfinished>('unfinished')
export const unfinished = stored.all

/** Beside the files of the same upload that are left already, and may be under way from here. */
export function rememberUnfinished(upload: Unfinished): void {
  const before = noted(upload.uploadId)
  unwritten.set(upload.uploadId, { ...before, ...upload, files: [...(before?.files ?? []), ...upload.files] })
  write()
}

export function forgetUnfinished(uploadId: string): void {
  unwritten.delete(uploadId)
  stored.set(uploadId, undefined)
}

/** A note on one of thousands of small files must not write them all, so these wait for each other. */
const WRITE_AFTER_MS = 250
const unwritten = new Map<string, Unfinished>()
let timer: ReturnType<typeof setTimeout> | undefined
addEventListener('pagehide', write)

const noted = (uploadId: string) => unwritten.get(uploadId) ?? stored.get(uploadId)

function write(): void {
  clearTimeout(timer)
  timer = undefined
  const changed = [...unwritten]
  unwritten.clear()
  for (const [uploadId, upload] of changed) stored.set(uploadId, upload.files.length === 0 ? undefined : upload)
}

/** Others see that it is under way from here. */
export function noteStarted(uploadId: string): void {
  change(uploadId, (upload) => ({ ...upload, tab: thisTab }))
  write()
}

/** From now on people may have its link; the rest can be resumed from anywhere. */
export function noteShared(uploadId: string): void {
  change(uploadId, ({ tab: _tab, ...upload }) => ({ ...upload, isShared: true }))
  write()
}

/** Of a large file at once: what was sent of it must not be more than what was noted. */
export function noteFile(uploadId: string, key: string, news: Partial<UnfinishedFile>): void {
  changeFiles(uploadId, (files) => files.map((file) => (file.key === key ? { ...file, ...news } : file)))
  if (news.fingerprint && news.fingerprint.blocks > 1) write()
}

/** It has arrived, or nobody wants it any more. */
export const noteOver = (uploadId: string, key: string): void =>
  changeFiles(uploadId, (files) => files.filter((file) => file.key !== key))

const changeFiles = (uploadId: string, changed: (files: UnfinishedFile[]) => UnfinishedFile[]): void =>
  change(uploadId, (upload) => ({ ...upload, files: changed(upload.files) }))

function change(uploadId: string, changed: (upload: Unfinished) => Unfinished): void {
  const upload = noted(uploadId)
  if (!upload) return
  unwritten.set(uploadId, changed(upload))
  timer ??= setTimeout(write, WRITE_AFTER_MS)
}
