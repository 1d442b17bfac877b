/** Sends requests by `fetch`, `XMLHttpRequest`, or a transport of the caller, such as axios. */

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: Blob | string
  signal: AbortSignal
  /** Called with the number of bytes sent so far; a transport without progress never calls it. */
  onSent?: (bytes: number) => void
}

export interface Transport {
  /**
   * Resolves with the response, whatever its status, when its headers have arrived. Rejects with the reason of the signal when
   * that aborts, and with any error if there is no response.
   */
  send(request: HttpRequest): Promise<Response>
  /** Responses are available only when complete (`XMLHttpRequest`), so large downloads are requested in ranges. */
  readonly isBuffering?: boolean
}

/** The part of the global `fetch` that is used. */
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

/** Browsers send streams only over HTTP/2, if at all; they report progress by `XMLHttpRequest`. */
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
