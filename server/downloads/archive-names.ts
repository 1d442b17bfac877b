import { cleanFileName } from '../uploads/file-name.ts'

/** Names of zip entries. Used by the server and by the page, so it uses nothing from Node. Pure. */

/** File systems allow 255; the rest is reserved for the ` (2)` of a duplicate. */
const MAX_ENTRY_NAME_BYTES = 240
const MAX_EXTENSION_BYTES = 32
/** Of one UTF-16 unit in UTF-8. */
const MAX_UTF8_BYTES = 3

/**
 * Returns names that unpack safely everywhere, in the same order: relative, without `..` and characters that Windows
 * forbids, and unique even where case is ignored: a second `a.txt` becomes `a (2).txt`. The folders of `folder/a.txt` are
 * kept, and no file gets the name of a folder.
 */
export function entryNames(names: readonly string[]): string[] {
  const cleaned = names.map(cleanEntryName)
  const used = new Set(cleaned.flatMap(foldersOf).map(fold))
  const numbered = numbering(new Set([...used, ...cleaned.map(fold)]))
  return cleaned.map((name) => {
    const entryName = used.has(fold(name)) ? numbered(name) : name
    used.add(fold(entryName))
    return entryName
  })
}

/** Finds the first free `name (2).ext`, `name (3).ext`, …; it remembers the last number, so that many duplicates stay cheap. */
function numbering(taken: Set<string>): (name: string) => string {
  const last = new Map<string, number>()
  return (name) => {
    const extension = extensionOf(name)
    const stem = name.slice(0, name.length - extension.length)
    let number = last.get(fold(name)) ?? 1
    let candidate: string
    do candidate = `${stem} (${++number})${extension}`
    while (taken.has(fold(candidate)))
    last.set(fold(name), number)
    taken.add(fold(candidate))
    return candidate
  }
}

/** U+2215 looks like a slash: the page uses it as the folder separator, since names on the server have no folders. */
const FOLDER_MARK = /[/\u2215]/

function cleanEntryName(name: string): string {
  const components = name.split(FOLDER_MARK).map(cleanComponent)
  return components.filter((component) => component !== '').join('/') || 'unnamed'
}

/** Device names of Windows, with any extension: it would write `aux.txt` to a port. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?= *(?:\.|$))/i

function cleanComponent(component: string): string {
  const name = cleanFileName(component).replace(/[<>:"|?*\\]/g, '_')
  return cutName(name)
    .replace(/[. ]+$/, '')
    .replace(DEVICE, '$1_')
}

/** Cuts a long name before its extension, never within a character. */
function cutName(name: string): string {
  if (name.length * MAX_UTF8_BYTES <= MAX_ENTRY_NAME_BYTES) return name
  const whole = extensionOf(name)
  const extension = utf8(whole).length <= MAX_EXTENSION_BYTES ? whole : ''
  const stem = utf8(name.slice(0, name.length - extension.length))
  const room = MAX_ENTRY_NAME_BYTES - utf8(extension).length
  return new TextDecoder().decode(stem.subarray(0, room), { stream: true }) + extension
}

/** Returns `.txt` for `a.b.txt`; a leading dot makes a hidden file, not an extension. */
const extensionOf = (path: string): string => /(?<=[^/])\.[^./]*$/.exec(path)?.[0] ?? ''

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Returns `a` and `a/b` for `a/b/c.txt`. */
function foldersOf(name: string): string[] {
  const components = name.split('/')
  return components.slice(1).map((_, i) => components.slice(0, i + 1).join('/'))
}

/** Returns the same text for names that some file system treats as equal. */
const fold = (name: string): string => name.toUpperCase().normalize('NFC')
