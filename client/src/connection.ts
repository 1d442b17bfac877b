import { textToBase64 } from './base64.ts'
import { errorOfAnswer, isPage, MayflyError } from './errors.ts'
import { createIdleTimer, type IdleTimer } from './idle-timer.ts'
import type { HttpRequest, Transport } from './transport.ts'

/** Requests to one server, with the caller's credentials. Every failure is a `MayflyError`. */

export interface CallOptions {
  method?: HttpRequest['method']
  headers?: Record<string, string>
  body?: Blob | string
  signal?: AbortSignal | undefined
  idleTimeoutMs?: number | undefined
  onSent?: (bytes: number) => void
}

/** A response whose body is still being received. `idle` is its timeout; the reader has to call `touch` and `end`. */
export interface OpenAnswer {
  response: Response
  idle: IdleTimer
}

/** Credentials for an upload: its token to change it, its password to read it. */
export interface Access {
  /** The upload token. */
  token?: string | undefined
  password?: string | undefined
  /** `plik` unless given. */
  login?: string | undefined
}

export type Connection = ReturnType<typeof createConnection>

/** `url`: of the server. `identify`: returns headers with the credentials of the account. */
export function createConnection(url: string, transport: Transport, identify: () => Record<string, string>) {
  const base = url.replace(/\/+$/, '')

  /** Account credentials are sent only to the server itself, wherever links point to. */
  const headersFor = (address: string): Record<string, string> => ({
    Accept: 'application/json',
    ...(isBelow(address, base) ? identify() : {}),
  })

  /** `path`: relative to the root of the server, or an absolute URL. Resolves when the headers of a successful response have arrived. */
  async function open(path: string, options: CallOptions = {}): Promise<OpenAnswer> {
    const { method = 'GET', headers, body, signal, idleTimeoutMs, onSent } = options
    const address = /^https?:/.test(path) ? path : `${base}/${path}`
    const idle = createIdleTimer(idleTimeoutMs, signal)
    const watched = (bytes: number): void => {
      idle.touch()
      onSent?.(bytes)
    }
    try {
      const response = await transport.send({
        method,
        url: address,
        headers: { ...headersFor(address), ...headers },
        ...(body === undefined ? {} : { body }),
        signal: idle.signal,
        ...(onSent ? { onSent: watched } : {}),
      })
      idle.touch()
      if (!response.ok || isPage(response.headers))
        throw errorOfAnswer(response.status, response.headers, await response.text())
      return { response, idle }
    } catch (error) {
      idle.end()
      throw asMayflyError(error, idle.signal)
    }
  }

  /** The whole response as text. */
  async function call(path: string, options: CallOptions = {}): Promise<{ headers: Headers; text: string }> {
    const { response, idle } = await open(path, options)
    try {
      return { headers: response.headers, text: await response.text() }
    } catch (error) {
      throw asMayflyError(error, idle.signal)
    } finally {
      idle.end()
    }
  }

  /** The response as JSON; its type is not checked. */
  const json = async <T>(path: string, options: CallOptions = {}): Promise<T> =>
    JSON.parse((await call(path, options)).text) as T

  return { url: base, isBuffering: transport.isBuffering ?? false, open, call, json }
}

/** Converts an error: a `MayflyError` and the reason of an abort stay, anything else is a connection failure. */
export function asMayflyError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof MayflyError) return error
  const words = error instanceof Error ? error.message : String(error)
  return new MayflyError({ code: 'network', detail: `connection failed: ${words}`, cause: error })
}

export function accessHeaders({ token, password, login = 'plik' }: Access): Record<string, string> {
  return {
    ...(token === undefined ? {} : { 'X-UploadToken': token }),
    ...(password === undefined ? {} : { Authorization: `Basic ${textToBase64(`${login}:${password}`)}` }),
  }
}

const isBelow = (address: string, base: string): boolean => address === base || address.startsWith(`${base}/`)
