/** Plik's limit, in bytes of UTF-8. The caller checks it: a long name is refused, not cut. */
export const MAX_FILE_NAME_BYTES = 1024

/** Between the parts of one emoji, as in 👨‍👩‍👧, a zero-width joiner is visible. */
const INVISIBLE =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})|[[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\p{Variation_Selector}\u200D]]/gv

/**
 * A drive or server in front: `C:\fakepath\x.png` from a browser's input field, `C:\Users\ann\x.png` from an old Windows client.
 * Only then is a backslash a separator, because what leads to the name is the sender's own business. Elsewhere it stays:
 * on Unix it is an ordinary character, and Plik keeps it.
 */
const WINDOWS_FOLDERS = /^(?:[a-z]:\\|\\\\)(?:.*\\)?/i

/**
 * The name of a file as its sender meant it, made harmless: last component, NFC, nothing invisible (control, bidi, zero-width).
 * Every door calls it once, at entry. Empty when nothing is left, or only `.` or `..`: the caller refuses that.
 */
export function cleanFileName(raw: string): string {
  const visible = raw.toWellFormed().replace(INVISIBLE, '').normalize('NFC')
  const component = visible.split('/').findLast((part) => part !== '') ?? ''
  const name = component.trim().replace(WINDOWS_FOLDERS, '').trim()
  return name === '.' || name === '..' ? '' : name
}

/**
 * Whether `given`, from a URL that was percent-decoded once, may stand for the `stored` name. The file's id has already
 * said which file it is, so this is lenient to what clients do to names: Plik's CLI escapes nothing (its `?` and `#` cut the
 * name, its `%41` is decoded), browsers escape `"` twice.
 */
export function sameFileName(stored: string, given: string): boolean {
  if (given === stored) return true
  const uncut = [stored, stored.replace(/[?#].*$/s, '')]
  const accepted = new Set([...uncut, ...uncut.map(percentDecode)].map(cleanFileName))
  return [given, percentDecode(given)].some((name) => accepted.has(cleanFileName(name)))
}

/** Decodes what is decodable and leaves the rest, so that `100%` is not an error. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}
