/** Plik's limit, in bytes of UTF-8. Checked by the caller: longer names are rejected, not cut. */
export const MAX_FILE_NAME_BYTES = 1024

/** Between the parts of one emoji, as in 👨‍👩‍👧, a zero-width joiner is visible. */
const INVISIBLE =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})|[[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\p{Variation_Selector}\u200D]]/gv

/**
 * A leading drive or server: `C:\fakepath\x.png` from a browser's input field, `C:\Users\ann\x.png` from an old Windows
 * client. Only then is a backslash a separator, and the path is removed because it is private. Elsewhere a backslash is
 * kept: on Unix it is an ordinary character, and Plik keeps it.
 */
const WINDOWS_FOLDERS = /^(?:[a-z]:\\|\\\\)(?:.*\\)?/i

/**
 * Returns a safe form of a file name: last path component, NFC, without invisible characters (control, bidi, zero-width).
 * Every route calls it once, on input. Returns an empty string if nothing is left, or only `.` or `..`: the caller
 * rejects that.
 */
export function cleanFileName(raw: string): string {
  const visible = raw.toWellFormed().replace(INVISIBLE, '').normalize('NFC')
  const component = visible.split('/').findLast((part) => part !== '') ?? ''
  const name = component.trim().replace(WINDOWS_FOLDERS, '').trim()
  return name === '.' || name === '..' ? '' : name
}

/**
 * Whether `given`, from a URL that was percent-decoded once, matches the `stored` name. The file is identified by its id,
 * so this accepts what clients do to names: Plik's CLI escapes nothing (`?` and `#` cut the name, `%41` is decoded),
 * browsers escape `"` twice.
 */
export function sameFileName(stored: string, given: string): boolean {
  if (given === stored) return true
  const uncut = [stored, stored.replace(/[?#].*$/s, '')]
  const accepted = new Set([...uncut, ...uncut.map(percentDecode)].map(cleanFileName))
  return [given, percentDecode(given)].some((name) => accepted.has(cleanFileName(name)))
}

/** Decodes valid escapes and leaves the rest unchanged, so that `100%` is not an error. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}
