import { signal } from '@preact/signals'
import type { UploadJson } from '../lib/api.ts'
import { type ChosenFile, joined } from './chosen-files.ts'

/** Files that were pasted or dropped beside an upload that others may have the link of: they go into it when somebody says so. */
export interface Staged {
  upload: UploadJson
  token: string
  /** Of an encrypted upload. */
  secret: string | undefined
  files: readonly ChosenFile[]
}

/** It outlives the page that shows it: the upload may be sent, and lead to its link, while people are asked. */
export const staged = signal<Staged | undefined>(undefined)

/** Beside the files that are asked about already. */
export function stage({ files, ...target }: Staged): void {
  if (files.length === 0) return
  const before = staged.value?.upload.id === target.upload.id ? staged.value.files : []
  staged.value = { ...target, files: joined(before, files) }
}

export function unstage(): void {
  staged.value = undefined
}
