import { signal } from '@preact/signals'
import { remembered, storedList } from '../lib/browser-storage.ts'

/**
 * Uploads made in this browser without an account, so that they can be changed and deleted after the tab was closed. Keys of
 * encrypted uploads are never stored: they are only in the links.
 */
export interface RecentUpload {
  uploadId: string
  token: string
  /** The name of the first file, or the title of the request; undefined: it is encrypted. */
  title?: string
  files: number
  /** ISO 8601; null: it does not expire. */
  expiresAt: string | null
  isStream?: true
  /** Tokens of its file requests by their ids. */
  requests?: Record<string, string>
}

const stored = storedList<RecentUpload>('recent')
export const recent = stored.all

const choice = remembered('keeps-recent')
/** Can be turned off, because others may use this browser as well. */
export const keepsRecent = signal(choice.get() !== 'no')

export const recentOf = (uploadId: string) => recent.value.find((one) => one.uploadId === uploadId)

/** Stores nothing if the user turned this off. */
export function keepRecent(upload: RecentUpload): void {
  if (keepsRecent.value) stored.set(upload.uploadId, upload)
}

export function changeRecent(uploadId: string, news: Partial<RecentUpload>): void {
  const known = recentOf(uploadId)
  if (known) stored.set(uploadId, { ...known, ...news })
}

export const forgetRecent = (uploadId: string): void => stored.set(uploadId, undefined)

/** Applies now and to later visits. */
export function chooseToKeepRecent(keeps: boolean): void {
  choice.set(keeps ? undefined : 'no')
  keepsRecent.value = keeps
}
