import { signal } from '@preact/signals'
import { remembered, storedList } from '../lib/browser-storage.ts'

/**
 * Uploads that were made from this browser without an account, so that who closes the tab can still change and delete them. What
 * opens an encrypted one is never among it: for that there is the link.
 */
export interface RecentUpload {
  uploadId: string
  token: string
  /** Its first file, or what was asked for; undefined: it is encrypted. */
  title?: string
  files: number
  /** As the server writes it; null: it stays. */
  expiresAt: string | null
  isStream?: true
  /** Tokens of the requests that were made for it, by their ids. */
  requests?: Record<string, string>
}

const stored = storedList<RecentUpload>('recent')
export const recent = stored.all

const choice = remembered('keeps-recent')
/** Others may use this browser, too. */
export const keepsRecent = signal(choice.get() !== 'no')

export const recentOf = (uploadId: string) => recent.value.find((one) => one.uploadId === uploadId)

/** Nothing when people chose so. */
export function keepRecent(upload: RecentUpload): void {
  if (keepsRecent.value) stored.set(upload.uploadId, upload)
}

export function changeRecent(uploadId: string, news: Partial<RecentUpload>): void {
  const known = recentOf(uploadId)
  if (known) stored.set(uploadId, { ...known, ...news })
}

export const forgetRecent = (uploadId: string): void => stored.set(uploadId, undefined)

/** From now on, and on the next visit. */
export function chooseToKeepRecent(keeps: boolean): void {
  choice.set(keeps ? undefined : 'no')
  keepsRecent.value = keeps
}
