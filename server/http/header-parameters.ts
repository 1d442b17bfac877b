/** A header such as `form-data; name="file"; filename*=UTF-8''a.txt`. Pure. */
export interface ParameterisedHeader {
  /** The text before the first `;`, in lower case. */
  value: string
  /** Names in lower case, without `*`. */
  parameters: Map<string, string>
}

/** In quotes only `\"` and `\\` are escapes, because browsers send Windows paths there. A missing closing quote is accepted. */
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?[^;]*|([^;]*))/gs
/** RFC 2231: `filename*0` and `filename*1*` are sections; a trailing star means percent-encoded. */
const SECTION = /^(.+?)\*(\d{1,3})?(\*)?$/
const EXTENDED = /^([^']*)'[^']*'(.*)$/s

/**
 * Parses a header that was received as bytes, one byte for each character. A parameter in extended form (RFC 8187,
 * including RFC 2231 continuations) has precedence over the plain one of the same name in any order, as in RFC 6266 §4.3
 * and Go's `mime`. Plain values are UTF-8, as browsers and curl send them (RFC 7578 §5.1); invalid bytes become U+FFFD.
 */
export function parseHeader(bytes: string): ParameterisedHeader {
  const plain = new Map<string, string>()
  const extended = new Map<string, Map<number, { text: string; isEncoded: boolean }>>()
  for (const [, rawName = '', quoted, token = ''] of bytes.matchAll(PARAMETER)) {
    const name = rawName.toLowerCase()
    const text = quoted === undefined ? token.trim() : quoted.replace(/\\(["\\])/g, '$1')
    const [, base, index, star] = SECTION.exec(name) ?? []
    if (base === undefined) {
      if (!plain.has(name)) plain.set(name, utf8(text))
      continue
    }
    const sections = extended.get(base) ?? new Map()
    extended.set(base, sections.set(Number(index ?? 0), { text, isEncoded: index === undefined || star !== undefined }))
  }
  const joined = [...extended].map(([name, sections]) => [name, joinSections(sections)] as const)
  const parameters = new Map([...plain, ...joined.filter(([name, text]) => text !== '' || !plain.has(name))])
  return { value: (bytes.split(';', 1)[0] ?? '').trim().toLowerCase(), parameters }
}

/** Joins sections 0, 1, 2 … up to the first missing one; the first one names the charset of all. */
function joinSections(sections: Map<number, { text: string; isEncoded: boolean }>): string {
  const first = sections.get(0)
  if (!first) return ''
  const [, charset = '', start = first.text] = (first.isEncoded && EXTENDED.exec(first.text)) || []
  let bytes = first.isEncoded ? percentDecode(start) : first.text
  for (let index = 1, next = sections.get(1); next; next = sections.get(++index))
    bytes += next.isEncoded ? percentDecode(next.text) : next.text
  return decode(bytes, charset)
}

const percentDecode = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const utf8 = (bytes: string): string => decode(bytes, 'utf-8')

function decode(bytes: string, charset: string): string {
  return decoderFor(charset).decode(Buffer.from(bytes, 'latin1'))
}

/** Returns a UTF-8 decoder if the WHATWG Encoding Standard does not know the charset. */
function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset || 'utf-8', { ignoreBOM: true })
  } catch {
    return new TextDecoder('utf-8', { ignoreBOM: true })
  }
}
