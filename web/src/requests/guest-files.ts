import { remembered } from '../remembered.ts'

/** What a guest has brought from this tab. The server shows him nothing, so the tab remembers. */
export interface BroughtFile {
  name: string
  size: number
}

const stored = (token: string) => remembered(`brought-${token}`, () => sessionStorage)

export function broughtBefore(token: string): BroughtFile[] {
  return JSON.parse(stored(token).get() ?? '[]') as BroughtFile[]
}

export function rememberBrought(token: string, files: readonly BroughtFile[]): void {
  stored(token).set(JSON.stringify(files))
}
