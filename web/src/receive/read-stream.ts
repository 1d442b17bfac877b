import { type Access, ApiError, readFile } from '../lib/api.ts'

/** How often in a row the connection may break before it is given up. */
const MAX_ATTEMPTS = 8
const PAUSE_MS = 1_000

/** The bytes of a file; when the connection breaks, the rest is asked for. `onProgress`: bytes so far. */
export function readStream(
  url: string,
  access: Access,
  { onProgress, signal }: { onProgress?: (read: number) => void; signal?: AbortSignal } = {},
): ReadableStream<Uint8Array> {
  const cancelled = new AbortController()
  const ended = signal ? AbortSignal.any([cancelled.signal, signal]) : cancelled.signal
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  let etag: string | null = null
  let position = 0
  let attempts = 0

  async function open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const response = await readFile(url, access, { start: position, signal: ended })
    const isSame = etag === null || response.headers.get('ETag') === etag
    if (!isSame || (position > 0 && response.status !== 206)) throw new ApiError(404, 'the file is another one now')
    etag = response.headers.get('ETag')
    return (response.body as ReadableStream<Uint8Array>).getReader()
  }

  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        reader ??= await open()
        const { value } = await reader.read()
        attempts = 0
        return value
      } catch (error) {
        reader = undefined
        if (ended.aborted || isRefusal(error)) throw error
        if (++attempts >= MAX_ATTEMPTS)
          throw error instanceof ApiError ? error : new ApiError(0, 'the connection was lost')
        await pause(Math.max(PAUSE_MS * attempts, askedToWaitMs(error)), ended)
      }
    }
  }

  return new ReadableStream({
    async pull(controller) {
      const bytes = await next()
      if (!bytes) return controller.close()
      position += bytes.length
      onProgress?.(position)
      controller.enqueue(bytes)
    },
    cancel: () => cancelled.abort(),
  })
}

const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
    signal.addEventListener('abort', resolve, { once: true })
  })

/** A server that is asked too much says when it answers again. */
const askedToWaitMs = (error: unknown): number =>
  error instanceof ApiError && error.status === 429 ? (error.retryAfterSeconds ?? 0) * 1_000 : 0

/** The server has said no; a broken connection says nothing. 423: our own broken transfer is not over yet, for the server. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.status > 0 && error.status < 500 && ![423, 429].includes(error.status)
