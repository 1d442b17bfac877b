/** The error class of the client, and how responses are converted to errors. */

/**
 * Errors that the client itself detects; every other code comes from the server.
 *
 * - `network`: no answer: no connection, or it broke and the attempts were used up
 * - `stalled`: nothing moved for longer than the idle timeout
 * - `proxy`: something else answered in place of the server: a proxy, or a network that wants people to sign in
 * - `digest_mismatch`: the bytes received do not have the SHA-256 that the server announced
 * - `file_changed`: the rest of a file can't be fetched or sent, since it is another file now or, on this side, can't be read any more
 * - `wrong_key`: the key does not open what is encrypted
 * - `changed`: an encrypted file is incomplete, or was changed after it was encrypted
 * - `not_as_sent`: the server's content does not match the link or the sender's list
 * - `bad_link`: the text is not a link of the expected kind
 * - `bad_option`: an option has an invalid value
 */
export type ClientErrorCode =
  | 'network'
  | 'stalled'
  | 'proxy'
  | 'digest_mismatch'
  | 'file_changed'
  | 'wrong_key'
  | 'changed'
  | 'not_as_sent'
  | 'bad_link'
  | 'bad_option'

/** A `ClientErrorCode`, or the server's id of the error, such as `upload_not_found`; `http_404` if the response has no id. */
export type ErrorCode = ClientErrorCode | (string & {})

interface ErrorFacts {
  code: ErrorCode
  detail: string
  parameters?: Readonly<Record<string, unknown>>
  status?: number
  retryAfter?: number | undefined
  proxyStatus?: number
  cause?: unknown
}

/** Not used when the caller's `signal` aborts: that rejects with the signal's own reason, as `fetch` does. */
export class MayflyError extends Error {
  override readonly name = 'MayflyError'
  readonly code: ErrorCode
  /** Parameters of the server's message, such as the limit that was exceeded. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** HTTP status of the server's response; 0: there was none. */
  readonly status: number
  /** A message for users: the server's if it sent one. */
  readonly detail: string
  /** Seconds after which the server wants the request repeated. */
  readonly retryAfter: number | undefined
  /** With `proxy`: the HTTP status of the response; 0: a redirect. */
  readonly proxyStatus: number | undefined

  constructor({ code, detail, parameters = {}, status = 0, retryAfter, proxyStatus, cause }: ErrorFacts) {
    super(detail, cause === undefined ? undefined : { cause })
    this.code = code
    this.parameters = parameters
    this.status = status
    this.detail = detail
    this.retryAfter = retryAfter
    this.proxyStatus = proxyStatus
  }
}

/** The server's content does not match the link: a bug, or a manipulated server. */
export const notAsSent = (detail: string): MayflyError => new MayflyError({ code: 'not_as_sent', detail })

/** What browsers say of a file that was changed, moved or deleted after it was chosen (File API §7.1). */
const UNREADABLE = ['NotFoundError', 'NotReadableError']

/** `file_changed` where a browser can't read a file any more; any other error as it is. */
export function asFileError(error: unknown): unknown {
  if (!(error instanceof DOMException && UNREADABLE.includes(error.name))) return error
  const detail = 'the file was changed, moved or deleted after it was chosen'
  return new MayflyError({ code: 'file_changed', detail, cause: error })
}

/** What a refusal says: a problem (RFC 9457) or plain text of the server, or a page of something else. */
export function errorOfAnswer(status: number, headers: Headers, text: string): MayflyError {
  const retryAfter = secondsOf(headers.get('Retry-After'))
  if (status < 400 || isPage(headers) || !headers.has('Content-Type'))
    return new MayflyError({
      code: 'proxy',
      detail: `a proxy answered ${status} instead of the server`,
      proxyStatus: status,
      retryAfter,
    })
  const problem = parsedProblem(text)
  return new MayflyError({
    code: problem?.code ?? `http_${status}`,
    parameters: problem?.parameters ?? {},
    status,
    detail: problem?.detail ?? (text.trim() || `the server answered ${status}`),
    retryAfter,
  })
}

/** The server sends programs no HTML, and no empty error responses. */
export const isPage = (headers: Headers): boolean => /html/.test(headers.get('Content-Type') ?? '')

interface Problem {
  code?: string
  detail?: string
  parameters?: Record<string, unknown>
}

function parsedProblem(text: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return undefined
    const { code, detail, parameters } = value
    return { ...texts({ code, detail }), ...(isObject(parameters) && { parameters }) }
  } catch {
    return undefined
  }
}

const texts = (fields: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => typeof field[1] === 'string'))

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** `Retry-After` in seconds; HTTP dates are converted. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header)) return Number(header)
  const ms = Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.ceil(ms / 1000))
}
