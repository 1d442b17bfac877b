import { signal } from '@preact/signals'
import type { UploadJson } from '../lib/api.ts'
import { type ChosenFile, joined } from './chosen-files.ts'

/** Files pasted or dropped on an upload whose link may be shared already. They are added after the user confirms. */
export interface Staged {
  upload: UploadJson
  token: string
  /** Set for an encrypted upload. */
  secret: string | undefined
  files: readonly ChosenFile[]
}

/** Outlives the page: the upload may be completed while the question is shown. */
export const staged = signal<Staged | undefined>(undefined)

/** Adds to the files that are already staged. */
export function stage({ files, ...target }: Staged): void {
  if (files.length === 0) return
  const before = staged.value?.upload.id === target.upload.id ? staged.value.files : []
  staged.value = { ...target, files: joined(before, files) }
}

export function unstage(): void {
  staged.value = undefined
}
