import { type Fetch, fetchTransport, type HttpRequest, hasNoBody, type Transport } from './transport.ts'

/** The transport of browsers: `fetch`, but `XMLHttpRequest` for uploads with progress, which `fetch` does not report. */
export function browserTransport(fetch?: Fetch): Transport {
  const plain = fetchTransport(fetch)
  return {
    send: (request) => (request.onSent && request.body !== undefined ? sendByXhr(request) : plain.send(request)),
  }
}

export function sendByXhr({ method, url, headers, body, signal, onSent }: HttpRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = (): void => {
      request.abort()
      reject(signal.reason)
    }
    request.upload.onprogress = ({ loaded }) => onSent?.(loaded)
    request.onerror = () => reject(new TypeError('network error'))
    request.onload = () => resolve(answerOf(request))
    request.onloadend = () => signal.removeEventListener('abort', abort)
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    else request.send(body)
  })
}

function answerOf(request: XMLHttpRequest): Response {
  const lines = request.getAllResponseHeaders().trim().split('\r\n').filter(Boolean)
  const headers = new Headers(lines.map((line): [string, string] => splitAt(line, line.indexOf(':'))))
  return new Response(hasNoBody(request.status) ? null : request.responseText, { status: request.status, headers })
}

const splitAt = (line: string, colon: number): [string, string] => [line.slice(0, colon), line.slice(colon + 1).trim()]
