import { join } from 'node:path'

/** What people see first: a form to send with, or what they were sent. */
export const FIRST_PAGES = { send: 'src/send/send-page.tsx', receive: 'src/receive/upload-page.tsx' }
/** What is loaded with the page where files are encrypted. */
const ENCRYPTION = 'src/receive/sealed-view.ts'

/** As Rolldown tells it. */
interface Modules {
  getModuleInfo(id: string): { importedIds: string[] } | null
}

/** Parts of the page that belong to no feature, and what the bundler adds. */
const COMMON = /preact|client\/src|web\/src\/(lib|ui)|^\0/

/**
 * In which file a module goes: what a first page needs at once is one file beside the base, which every page needs. A browser asks for
 * six files at a time over HTTP/1.1, so more of them cost round trips, and small ones compress badly. Undefined: any.
 */
export function firstChunk(id: string, modules: Modules): string | undefined {
  const isNeededBy = (page: string): boolean => neededBy(page, modules).has(id)
  const isStart = isNeededBy('src/main.tsx')
  const [page, other] = Object.entries(FIRST_PAGES).flatMap(([name, path]) => (isNeededBy(path) ? name : []))
  if (page) return other || isStart || COMMON.test(id) ? 'base' : page
  return isStart && COMMON.test(id) ? 'base' : undefined
}

/** The same for what is left of what opens encrypted files. */
export const encryptionChunk = (id: string, modules: Modules): string | undefined =>
  neededBy(ENCRYPTION, modules).has(id) ? 'encryption' : undefined

const known = new WeakMap<Modules, Map<string, Set<string>>>()

/** It, and all that it imports other than by `import()`. */
function neededBy(path: string, modules: Modules): Set<string> {
  const root = join(import.meta.dirname, path)
  const all = known.get(modules) ?? new Map<string, Set<string>>()
  known.set(modules, all)
  const before = all.get(root)
  if (before) return before
  const found = new Set([root])
  for (const id of found) for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
  all.set(root, found)
  return found
}
