import type { Fingerprint } from '../../../client/src/fingerprint.ts'
import { storedList } from '../lib/browser-storage.ts'
import { thisTab } from './tabs.ts'

/** Unfinished uploads of this browser, kept so that they can be resumed after the page was closed. */

export interface UnfinishedFile {
  /** Unique within the upload. */
  key: string
  /** Undefined: it was added to an existing upload. */
  fileId?: string
  path: string
  /** Size of the chosen file in bytes. */
  size: number
  /** Time of the last modification, epoch ms. */
  modified: number
  /** URL to resume at; undefined: nothing has arrived. */
  url?: string | undefined
  /** Fingerprint of the part that may have been sent. */
  fingerprint?: Fingerprint | undefined
  /** Name on the server, if it is encrypted. */
  name?: string | undefined
  /** Header of an encrypted file. It must never be used for another file. */
  head?: string | undefined
  /** The page cleaned the file before sending it. */
  isCleaned?: boolean
}

export interface Unfinished {
  /** Id of the upload. For guests, who do not know it, an id of our own. */
  uploadId: string
  /** The upload token, or for guests the token of the file request. */
  token: string
  isGuest?: true
  /** The secret of an encrypted upload. It stays in this browser, and is removed with the last file. */
  secret?: string
  /** The link may have been shared, so cancelling must not delete the whole upload. */
  isShared: boolean
  /** The tab that sends it; undefined: none. */
  tab?: string
  files: UnfinishedFile[]
}

/** Each entry is written only by the tab that sends it. */
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

/** With thousands of small files, a note on one must not write them all, so writes are delayed and combined. */
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

/** Tells other tabs that this one sends it. */
export function noteStarted(uploadId: string): void {
  change(uploadId, (upload) => ({ ...upload, tab: thisTab }))
  write()
}

/** The link may be shared from now on, so the rest can be resumed from any device. */
export function noteShared(uploadId: string): void {
  change(uploadId, ({ tab: _tab, ...upload }) => ({ ...upload, isShared: true }))
  write()
}

/** Written immediately for large files: the server must not have more than was noted. */
export function noteFile(uploadId: string, key: string, news: Partial<UnfinishedFile>): void {
  changeFiles(uploadId, (files) => files.map((file) => (file.key === key ? { ...file, ...news } : file)))
  if (news.fingerprint && news.fingerprint.blocks > 1) write()
}

/** The file has arrived or was cancelled. */
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
