import { signal } from '@preact/signals'
import { remembered, rememberedUnder } from '../lib/browser-storage.ts'
import type { Fingerprint } from './fingerprint.ts'
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

/** Beside the files of the same upload that are left already. */
export function rememberUnfinished(upload: Unfinished): void {
  const left = noted(upload.uploadId)?.files ?? []
  unwritten.set(upload.uploadId, { ...upload, files: [...left, ...upload.files] })
  write()
}

export function forgetUnfinished(uploadId: string): void {
  unwritten.delete(uploadId)
  placeOf(uploadId).set(undefined)
  readAgain()
}

/** A note on one of thousands of small files must not write them all, so these wait for each other. */
const WRITE_AFTER_MS = 250
const unwritten = new Map<string, Unfinished>()
let timer: ReturnType<typeof setTimeout> | undefined
addEventListener('pagehide', write)

const noted = (uploadId: string) => unwritten.get(uploadId) ?? parsed(placeOf(uploadId).get())

function write(): void {
  clearTimeout(timer)
  timer = undefined
  if (unwritten.size === 0) return
  for (const [uploadId, upload] of unwritten)
    placeOf(uploadId).set(upload.files.length === 0 ? undefined : JSON.stringify(upload))
  unwritten.clear()
  readAgain()
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
