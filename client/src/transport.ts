/** How requests travel: by `fetch`, by `XMLHttpRequest`, or by whatever the caller brings, such as axios. */

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: Blob | string
  signal: AbortSignal
  /** Called as the body leaves, with all bytes of it that have left; a transport that does not know never calls it. */
  onSent?: (bytes: number) => void
}

export interface Transport {
  /**
   * Resolves with the answer, whatever its status, as soon as its headers are there. Rejects with the reason of the signal
   * when that aborts, and with any error when there is no answer.
   */
  send(request: HttpRequest): Promise<Response>
  /** Its answers come only once they are whole (`XMLHttpRequest`), so large downloads are asked for in ranges. */
  readonly isBuffering?: boolean
}

/** What is used of the global `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export function fetchTransport(fetch: Fetch = (url, init) => globalThis.fetch(url, init)): Transport {
  return {
    send: ({ method, url, headers, body, signal, onSent }) => {
      const init: RequestInit = { method, headers, signal, credentials: 'same-origin' }
      if (body instanceof Blob && onSent && sendsStreams()) {
        // `duplex` is missing in the DOM's types of some versions of TypeScript.
        const streamed = { ...init, body: counted(body, onSent), duplex: 'half' }
        return fetch(url, streamed)
      }
      return fetch(url, body === undefined ? init : { ...init, body })
    },
  }
}

/** Browsers send streams over HTTP/2 only, if at all; they report progress by `XMLHttpRequest`. */
const sendsStreams = (): boolean => typeof XMLHttpRequest === 'undefined'

function counted(body: Blob, onSent: (bytes: number) => void): ReadableStream<Uint8Array> {
  let sent = 0
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.byteLength
      onSent(sent)
      controller.enqueue(chunk)
    },
  })
  return body.stream().pipeThrough(counter)
}

/** Statuses with which no `Response` may have a body (Fetch §2.2.3). */
export const hasNoBody = (status: number): boolean => [101, 204, 205, 304].includes(status)
