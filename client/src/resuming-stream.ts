import { asMayflyError, type Connection, type OpenAnswer } from './connection.ts'
import { MayflyError } from './errors.ts'
import type { IdleTimer } from './idle-timer.ts'
import { persistently, type RetryOptions } from './retry.ts'
import { announcedSha256, type Hasher } from './sha256.ts'

/** The bytes of a file or archive over an unreliable connection: the rest is requested by `Range`, and the whole is verified. */

/** What an earlier process received. */
export interface Received {
  /** Bytes. */
  position: number
  /** `ETag` of the response that the bytes belong to. */
  etag: string
}

interface Order {
  connection: Connection
  url: string
  headers: Record<string, string>
  retry: RetryOptions
  signal: AbortSignal | undefined
}

/** Properties of a response, known from its headers. */
export interface Opened {
  headers: Headers
  /** Offset of the first byte: 0, or where an earlier process left off. */
  position: number
  /** Total size in bytes; undefined: the server does not know it yet, as with streams. */
  size: number | undefined
  /** Reads from `position` to the end. Each chunk is added to `hasher`, which already contains the bytes before. */
  read(hasher: Hasher | undefined, onProgress: (received: number) => void): ReadableStream<Uint8Array>
}

/** `XMLHttpRequest` loses the whole response when it is interrupted, so each request asks for a small range. */
const RANGE_BYTES = 8 * 1024 * 1024

interface Part {
  reader: ReadableStreamDefaultReader<Uint8Array>
  idle: IdleTimer
}

/** Sends the first request, which takes the claim of a limited file. Retries as set in `retry`; rejects with `MayflyError`. */
export async function openResuming(
  { connection, url, headers, retry, signal }: Order,
  before?: Received,
): Promise<Opened> {
  let position = before?.position ?? 0
  let etag = before?.etag
  let size: number | undefined
  const cancelled = new AbortController()
  const ended = signal ? AbortSignal.any([signal, cancelled.signal]) : cancelled.signal

  const rangeHeader = (): Record<string, string> => {
    if (position === 0 && !connection.isBuffering) return {}
    const end = connection.isBuffering ? position + RANGE_BYTES - 1 : ''
    return { Range: `bytes=${position}-${end}`, ...(etag === undefined ? {} : { 'If-Range': etag }) }
  }

  async function request(): Promise<OpenAnswer> {
    const { idleTimeoutMs } = retry
    return connection.open(url, { headers: { ...headers, ...rangeHeader() }, signal: ended, idleTimeoutMs })
  }

  /** Requests the missing bytes; fails with `file_changed` if the file has changed. */
  async function requestRest(): Promise<OpenAnswer> {
    const answer = await request()
    const isSame = answer.response.headers.get('ETag') === (etag ?? null)
    if (isSame && startOf(answer.response) === position) return answer
    dispose(answer)
    throw new MayflyError({
      code: 'file_changed',
      detail: 'the file on the server has changed',
      status: answer.response.status,
    })
  }

  const first = await persistently(request, retry, signal)
  const { response } = first
  position = startOf(response)
  etag = response.headers.get('ETag') ?? undefined
  size = sizeOf(response)
  let part: Part | undefined = partOf(first)

  /** The next chunk; undefined at the end. */
  async function next(progressed: () => void): Promise<Uint8Array | undefined> {
    for (;;) {
      part ??= partOf(await requestRest())
      const { reader, idle } = part
      const { value } = await reader.read().catch((error: unknown) => {
        part = undefined
        idle.end()
        throw asMayflyError(error, idle.signal)
      })
      idle.touch()
      if (value) {
        position += value.byteLength
        progressed()
        return value
      }
      idle.end()
      part = undefined
      if (size === undefined || position === size) return undefined
      if (!connection.isBuffering) throw new MayflyError({ code: 'network', detail: 'the response ended too early' })
    }
  }

  const canResume = etag !== undefined && response.headers.get('Accept-Ranges') === 'bytes'
  const options: RetryOptions = canResume ? retry : { ...retry, retries: 0 }
  const expected = announcedSha256(response.headers)

  function read(hasher: Hasher | undefined, onProgress: (received: number) => void): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const chunk = await persistently(next, options, ended)
          if (chunk) {
            hasher?.update(chunk)
            onProgress(position)
            return controller.enqueue(chunk)
          }
          if (hasher && expected !== undefined) assertDigest(hasher, expected)
          controller.close()
        },
        cancel: (reason) => {
          cancelled.abort(reason)
          part?.idle.end()
        },
      },
      { highWaterMark: 0 },
    )
  }

  return { headers: response.headers, position, size, read }
}

const partOf = ({ response, idle }: OpenAnswer): Part => ({
  reader: (response.body ?? new Blob([]).stream()).getReader(),
  idle,
})

function dispose({ response, idle }: OpenAnswer): void {
  idle.end()
  response.body?.cancel().catch(() => {})
}

function assertDigest(hasher: Hasher, expected: string): void {
  if (hasher.digest() === expected) return
  throw new MayflyError({
    code: 'digest_mismatch',
    detail: 'the received bytes do not match the SHA-256 of the server',
  })
}

/** `Content-Range: bytes 100-199/1000` begins at 100, a whole answer at 0. */
function startOf({ status, headers }: Response): number {
  if (status !== 206) return 0
  return Number(/^bytes (\d+)-/.exec(headers.get('Content-Range') ?? '')?.[1])
}

function sizeOf({ status, headers }: Response): number | undefined {
  const text = status === 206 ? /\/(\d+)$/.exec(headers.get('Content-Range') ?? '')?.[1] : headers.get('Content-Length')
  return text === null || text === undefined ? undefined : Number(text)
}
