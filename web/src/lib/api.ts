import { signal } from '@preact/signals'
import { type Access, accessHeaders, type CallOptions, createConnection } from '../../../client/src/connection.ts'
import type { Transport } from '../../../client/src/transport.ts'
import type { ServerConfig } from '../../../server/http/service-routes.ts'
import type { FileJson, UploadJson } from '../../../server/uploads/upload-shapes.ts'
import { impersonated } from './impersonation.ts'

/** All requests to the server. They reject with `MayflyError`, or with the reason of an aborted signal. */

export type { FileJson, ServerConfig, UploadJson }
export { type Access, accessHeaders }

/** The server has the same address and path prefix as the page. */
const SERVER = new URL('./', location.href.replace(/[?#].*$/s, '')).href
export const serverUrl = (path: string): string => `${SERVER}${path}`

const transport: Transport = {
  send: async ({ url, ...request }) => {
    if (request.onSent) return (await import('../../../client/src/xhr-transport.ts')).sendByXhr({ url, ...request })
    return fetch(url, { ...request, body: request.body ?? null, redirect: 'manual' }) // a captive portal's redirect must not be followed
  },
}
export const connection = createConnection(SERVER, transport, sessionHeaders)

/** No timeout while waiting for the response. */
const PATIENT: CallOptions = { idleTimeoutMs: Number.POSITIVE_INFINITY }

export const call = (path: string, options?: CallOptions) => connection.call(path, { ...PATIENT, ...options })
export const json = <T>(path: string, options?: CallOptions) => connection.json<T>(path, { ...PATIENT, ...options })

export const serverConfig = signal<ServerConfig | undefined>(undefined)

/** Loads `serverConfig`, which the page can't work without. */
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

/** Checks with HEAD whether a file can be downloaded, without using up a download. Throws the error that GET would return. */
export const headFile = (url: string, access: Access): Promise<{ headers: Headers }> =>
  call(url, { method: 'HEAD', headers: accessHeaders(access) })

/** Reads the first bytes of a file, up to and including the one at offset `end`. */
export async function readStart(url: string, access: Access, end: number): Promise<Uint8Array> {
  const headers = { ...accessHeaders(access), Range: `bytes=0-${end}` }
  const { response, idle } = await connection.open(url, { headers })
  idle.end()
  return new Uint8Array(await response.arrayBuffer())
}

/** The CSRF header for session cookies, and the user whom an administrator impersonates. */
function sessionHeaders(): Record<string, string> {
  const token = /(?:^|; )plik-xsrf=([^;]*)/.exec(document.cookie)?.[1]
  if (token === undefined) return {}
  const user = impersonated.value
  return {
    'X-XSRFToken': decodeURIComponent(token),
    ...(user === undefined ? {} : { 'X-Plik-Impersonate': user }),
  }
}
