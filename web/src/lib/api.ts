import { signal } from '@preact/signals'
import type { ServerConfig } from '../../../server/http/service-routes.ts'
import type { FileJson, UploadJson } from '../../../server/uploads/upload-shapes.ts'
import { impersonated } from './impersonation.ts'

/** Every call to the server, but `post-file.ts`. Nothing else on the page uses `fetch` or `XMLHttpRequest`, but tus-js-client. */

export type { FileJson, ServerConfig, UploadJson }

/** The server said no, or nothing (`status` 0). `message` is the server's own words, for whoever can do something about it. */
export class ApiError extends Error {
  readonly status: number
  readonly retryAfterSeconds: number | undefined
  /** What something between us and the server answered in its place: a proxy, or a network that wants people to sign in. */
  readonly proxyStatus: number | undefined

  constructor(status: number, message: string, retryAfterSeconds?: number, proxyStatus?: number) {
    super(message)
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds
    this.proxyStatus = proxyStatus
  }
}

/** What an answer says that is not what was asked for. */
export const refusalOf = (
  status: number,
  type: string | null | undefined,
  body: string,
  retryAfter?: number,
): ApiError =>
  isByProxy(status, type)
    ? new ApiError(0, 'a proxy answered', undefined, status)
    : new ApiError(status, problemText(body), retryAfter)

/** Our server sends no HTML to the page, and refuses nothing without a word. */
const isByProxy = (status: number, type: string | null | undefined): boolean => status < 400 || isHtml(type || 'html')
export const isHtml = (type: string | null): boolean => /html/.test(type ?? '')

/** What opens an upload: its token to change it, its password to read it. */
export interface Access {
  token?: string | undefined
  password?: { login: string; password: string } | undefined
  /** A guest's, for a file request. */
  requestToken?: string | undefined
}

/** Where the page lives is where the server lives, under whatever prefix. */
const SERVER = new URL('./', location.href.replace(/[?#].*$/s, '')).href
export const serverUrl = (path: string): string => `${SERVER}${path}`

export const serverConfig = signal<ServerConfig | undefined>(undefined)

/** Sets `serverConfig`, which the page can't do without. */
export async function loadServerConfig(): Promise<void> {
  serverConfig.value = await json<ServerConfig>('config')
}

export interface NewUpload {
  files: { fileName: string; fileSize: number; fileType: string; reference: string }[]
  ttl?: number
  oneShot?: boolean
  removable?: boolean
  normalize?: boolean
  stream?: boolean
  extend_ttl?: boolean
  maxDownloads?: number
  password?: string
  comments?: string
  e2ee?: string
  manifest?: string
}

export const createUpload = (upload: NewUpload): Promise<UploadJson> =>
  json('upload', { method: 'POST', body: JSON.stringify(upload) })

export const getUpload = (id: string, access: Access): Promise<UploadJson> =>
  json(`upload/${encodeURIComponent(id)}`, { headers: accessHeaders(access) })

export const removeUpload = (id: string, access: Access): Promise<unknown> =>
  call(`upload/${encodeURIComponent(id)}`, { method: 'DELETE', headers: accessHeaders(access) })

export const removeFile = (
  uploadId: string,
  file: Pick<FileJson, 'id' | 'fileName'>,
  access: Access,
): Promise<unknown> => call(filePath(uploadId, file), { method: 'DELETE', headers: accessHeaders(access) })

export const filePath = (uploadId: string, file: Pick<FileJson, 'id' | 'fileName'>, mode = 'file'): string =>
  `${mode}/${uploadId}/${file.id}/${encodeURIComponent(file.fileName)}`

/** What a file's link would answer, without taking anything of a limited one. Throws what it would refuse with. */
export const headFile = (url: string, access: Access): Promise<Response> =>
  call(url, { method: 'HEAD', headers: accessHeaders(access) })

/** The bytes of a file from `start` on, or up to `end` inclusive. */
export function readFile(
  url: string,
  access: Access,
  { start, end, signal }: { start: number; end?: number; signal?: AbortSignal },
): Promise<Response> {
  const range = start > 0 || end !== undefined ? { Range: `bytes=${start}-${end ?? ''}` } : {}
  return call(url, { headers: { ...accessHeaders(access), ...range }, ...(signal ? { signal } : {}) })
}

export const JSON_PLEASE = { Accept: 'application/json' }

export async function json<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await call(path, init)
  return (await response.json()) as T
}

/** `path`: from the server's own root, or a whole address. Throws `ApiError`. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const isOwn = !/^https?:/.test(path)
  const headers = { ...JSON_PLEASE, ...(isOwn ? sessionHeaders() : {}), ...(init.headers as Record<string, string>) }
  const response = await fetch(isOwn ? serverUrl(path) : path, { redirect: 'manual', ...init, headers }).catch(
    (error: unknown) => {
      throw new ApiError(0, error instanceof Error ? error.message : 'unreachable')
    },
  )
  const type = response.headers.get('Content-Type')
  if (response.ok && !isHtml(type)) return response
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined
  throw refusalOf(response.status, type, await response.text(), retryAfter)
}

export function accessHeaders({ token, password, requestToken }: Access): Record<string, string> {
  return {
    ...(token === undefined ? {} : { 'X-UploadToken': token }),
    ...(requestToken === undefined ? {} : { 'X-RequestToken': requestToken }),
    ...(password === undefined ? {} : { Authorization: basic(password) }),
  }
}

function basic({ login, password }: { login: string; password: string }): string {
  const bytes = new TextEncoder().encode(`${login}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

/** Proof that a request with a session's cookie was made by our page, and whom an administrator acts for. */
export function sessionHeaders(): Record<string, string> {
  const token = /(?:^|; )plik-xsrf=([^;]*)/.exec(document.cookie)?.[1]
  if (token === undefined) return {}
  const user = impersonated.value
  return {
    'X-XSRFToken': decodeURIComponent(token),
    ...(user === undefined ? {} : { 'X-Plik-Impersonate': user }),
  }
}

/** A problem's `detail` (RFC 9457), or the text as it is. */
function problemText(body: string): string {
  try {
    return (JSON.parse(body) as { detail?: string }).detail ?? body
  } catch {
    return body.trim()
  }
}
