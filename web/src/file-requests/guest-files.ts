import { signal } from '@preact/signals'
import { remembered } from '../lib/browser-storage.ts'

/** What a guest has added from this tab. The server shows guests nothing, so the tab remembers. */
export interface BroughtFile {
  name: string
  size: number
}

const stored = (token: string) => remembered(`brought-${token}`, () => sessionStorage)
const brought = signal<Record<string, BroughtFile[]>>({})

export const broughtBy = (token: string): BroughtFile[] =>
  brought.value[token] ?? (JSON.parse(stored(token).get() ?? '[]') as BroughtFile[])

export function rememberBrought(token: string, file: BroughtFile): void {
  const files = [...broughtBy(token), file]
  brought.value = { ...brought.value, [token]: files }
  stored(token).set(JSON.stringify(files))
}
