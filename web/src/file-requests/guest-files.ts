import { signal } from '@preact/signals'
import { remembered } from '../lib/browser-storage.ts'

/** Files that a guest has added in this tab. The server does not list files for guests, so the tab remembers them. */
export interface GuestFile {
  name: string
  size: number
}

const stored = (token: string) => remembered(`guest-files-${token}`, () => sessionStorage)
const guestFiles = signal<Record<string, GuestFile[]>>({})

export const guestFilesOf = (token: string): GuestFile[] =>
  guestFiles.value[token] ?? (JSON.parse(stored(token).get() ?? '[]') as GuestFile[])

export function rememberGuestFile(token: string, file: GuestFile): void {
  const files = [...guestFilesOf(token), file]
  guestFiles.value = { ...guestFiles.value, [token]: files }
  stored(token).set(JSON.stringify(files))
}
