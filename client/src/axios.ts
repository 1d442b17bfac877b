import type { AxiosInstance, AxiosProgressEvent, AxiosResponse } from 'axios'
import { type Client, type ClientOptions, createClient } from './client.ts'
import { errorOfAnswer } from './errors.ts'
import { streamOfChunks } from './source.ts'
import { type HttpRequest, hasNoBody, type Transport } from './transport.ts'

/** The entry `mayfly-client/axios`: the same client on an axios instance, whose interceptors, proxies and credentials apply. */

export { MayflyError } from './errors.ts'
export { fileNameOf } from './file-name.ts'

export interface AxiosClientOptions extends Omit<ClientOptions, 'url' | 'fetch' | 'transport'> {
  axios: AxiosInstance
  /** URL of the server; the instance's `baseURL` by default. */
  url?: string
}

export function createAxiosClient({
  axios,
  url = axios.defaults.baseURL ?? '',
  ...options
}: AxiosClientOptions): Client {
  return createClient({ ...options, url, transport: axiosTransport(axios) })
}

/**
 * Sends requests through the adapter that the instance would choose: `http`, `fetch` or `xhr`. Its `timeout` is ignored, because
 * it limits the whole transfer; the client closes connections without progress instead.
 */
export function axiosTransport(axios: AxiosInstance): Transport {
  const isBuffering = usesXhr(axios.defaults.adapter)
  /** Browsers report upload progress only for XHR: with `fetch` axios would send a stream, which needs HTTP/2 there. */
  const progress = ({ onSent }: HttpRequest) =>
    onSent && (isBuffering || typeof XMLHttpRequest === 'undefined')
      ? { onUploadProgress: ({ loaded }: AxiosProgressEvent) => onSent(loaded) }
      : {}
  return {
    isBuffering,
    send: async (request) => {
      try {
        const responseType = isBuffering ? 'blob' : 'stream'
        return answerOf(await axios.request({ ...settings(request), ...progress(request), responseType }))
      } catch (error) {
        if (request.signal.aborted) throw request.signal.reason
        const refusal = responseIn(error)
        if (refusal === undefined) throw error
        return answerOf(refusal)
      }
    },
  }
}

const settings = ({ method, url, headers, body, signal }: HttpRequest) => ({
  method,
  url,
  headers: { 'Content-Type': body instanceof Blob ? body.type : null, ...headers },
  ...(body === undefined ? {} : { data: typed(body, headers['Content-Type']) }),
  signal,
  baseURL: '', // URLs are absolute
  timeout: 0,
  maxBodyLength: Number.POSITIVE_INFINITY,
  maxContentLength: Number.POSITIVE_INFINITY,
  maxRedirects: method === 'GET' || method === 'HEAD' ? 5 : 0, // following a redirect would hold the whole body in memory
  transformRequest: [(data: unknown) => data],
  transformResponse: [(data: unknown) => data],
})

/** The `http` adapter sends the type of a `Blob` in place of the header. */
const typed = (body: Blob | string, type: string | undefined): Blob | string =>
  body instanceof Blob && type !== undefined ? body.slice(0, body.size, type) : body

/** The first of the instance's adapters that exists in this environment. */
function usesXhr(adapter: unknown): boolean {
  if (typeof XMLHttpRequest === 'undefined') return false
  const names = Array.isArray(adapter) ? adapter : [adapter]
  return names.find((name) => name !== 'http') === 'xhr'
}

function answerOf({ status, headers, data }: AxiosResponse<unknown>): Response {
  const pairs = Object.entries(headers).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return new Response(hasNoBody(status) ? null : bodyOf(data), { status, headers: pairs })
}

type Body = string | Blob | ArrayBuffer | ReadableStream<Uint8Array> | null

/** Accepts all types that adapters put into `data`. */
function bodyOf(data: unknown): Body {
  if (data === undefined || data === null) return null
  if (typeof data === 'string' || data instanceof Blob || data instanceof ArrayBuffer || data instanceof ReadableStream)
    return data
  if (ArrayBuffer.isView(data)) return new Blob([data as Uint8Array<ArrayBuffer>])
  return isIterable(data) ? streamOfChunks(data) : JSON.stringify(data)
}

/** Streams of Node, returned by the `http` adapter. */
const isIterable = (data: object): data is AsyncIterable<Uint8Array> => Symbol.asyncIterator in data

const responseIn = (error: unknown): AxiosResponse<unknown> | undefined =>
  error instanceof Error && 'response' in error ? (error.response as AxiosResponse<unknown> | undefined) : undefined

/**
 * The server's error message, for any `responseType` of the request (`json`, `text`, `blob`, `arraybuffer`, `stream`); without a
 * response, the message of the error itself.
 */
export async function messageOf(error: unknown): Promise<string> {
  const refusal = responseIn(error)
  if (refusal === undefined) return error instanceof Error ? error.message : String(error)
  const { status, headers } = answerOf({ ...refusal, data: null })
  return errorOfAnswer(status, headers, await new Response(bodyOf(refusal.data)).text()).detail
}
