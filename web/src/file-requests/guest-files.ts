import { signal } from '@preact/signals'
import { remembered } from '../lib/browser-storage.ts'

/** What a guest has added from this tab. The server shows guests nothing, so the tab remembers. */
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
