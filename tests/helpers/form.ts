/** A form spelled out, for what `FormData` can't say. The boundary is `b`. */

export const FORM_TYPE = 'multipart/form-data; boundary=b'

/** Whole parts, headers included. */
export const form = (...parts: string[]): string => `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`

/** A part; `disposition` is what follows `form-data; `. */
export const part = (disposition: string, content: string, ...headers: string[]): string =>
  [`Content-Disposition: form-data; ${disposition}`, ...headers, '', content].join('\r\n')

export const filePart = (name: string, content: string, ...headers: string[]): string =>
  part(`name="file"; filename="${name}"`, content, ...headers)
