import { accessHeaders, type Connection } from './connection.ts'
import { secondsOf } from './duration.ts'
import { MayflyError } from './errors.ts'
import { parseLink, type RequestLink, type UploadLink, uploadAddress } from './links.ts'
import { sendFiles, type UploadHooks } from './send-files.ts'
import type { FileRequestJson, InvitationJson } from './shapes.ts'
import { type FileInput, outgoingFile } from './source.ts'
import { createStateKeeper, type UploadState } from './upload-state.ts'

/** File requests: links with which guests without an account add files to an upload. */

export interface FileRequestOptions {
  /** The name of the caller, and what is requested. */
  title?: string
  comments?: string
  maxFiles?: number
  /** Total size of all files in bytes. */
  maxSize?: number
  /** Seconds, or a duration such as `7d`. */
  ttl?: number | string
}

export interface FileRequest extends FileRequestJson {
  /** The link for guests; the server returns it only once. */
  link: string
}

type Call = { signal?: AbortSignal }

/** `link`: the admin link of the upload, or any link of it together with `token`. */
export async function createFileRequest(
  connection: Connection,
  link: string,
  { token, signal, ttl, ...options }: FileRequestOptions & { token?: string } & Call = {},
): Promise<FileRequest> {
  const upload = uploadOf(link)
  const created = await connection.json<FileRequestJson & { requestToken: string }>(requestsOf(upload), {
    method: 'POST',
    headers: accessHeaders({ token: token ?? upload.token }),
    body: JSON.stringify({ ...options, ...(ttl === undefined ? {} : { ttl: secondsOf(ttl) }) }),
    signal,
  })
  const { requestToken, ...request } = created
  return { ...request, link: `${upload.server}/#/?request=${requestToken}` }
}

export async function listFileRequests(
  connection: Connection,
  link: string,
  { token, signal }: { token?: string } & Call = {},
): Promise<FileRequestJson[]> {
  const upload = uploadOf(link)
  const headers = accessHeaders({ token: token ?? upload.token })
  return (await connection.json<{ requests: FileRequestJson[] }>(requestsOf(upload), { headers, signal })).requests
}

/** Revokes it; files that are being sent to it are discarded. */
export async function revokeFileRequest(
  connection: Connection,
  link: string,
  requestId: string,
  { token, signal }: { token?: string } & Call = {},
): Promise<void> {
  const upload = uploadOf(link)
  const headers = accessHeaders({ token: token ?? upload.token })
  await connection.call(`${requestsOf(upload)}/${requestId}`, { method: 'DELETE', headers, signal })
}

/** Returns title, note and limits of a file request. */
export function inspectFileRequest(
  connection: Connection,
  link: string,
  { signal }: Call = {},
): Promise<InvitationJson> {
  const { server, requestToken } = requestOf(link)
  return connection.json(`${server}/request`, { headers: guestHeaders(requestToken), signal })
}

/** Sends a guest's files. Resolves when the server has all of them completely. */
export async function uploadToRequest(
  connection: Connection,
  link: string,
  inputs: Iterable<FileInput>,
  hooks: UploadHooks = {},
): Promise<void> {
  const { server, requestToken } = requestOf(link)
  const state: UploadState = structuredClone(hooks.resume) ?? { version: 1, server, files: [] }
  const target = { headers: guestHeaders(requestToken), metadata: {} }
  const files = Array.from(inputs, outgoingFile)
  const { e2ee } = await inspectFileRequest(connection, link, hooks.signal ? { signal: hooks.signal } : {})
  if (e2ee !== undefined)
    throw new MayflyError({ code: 'bad_option', detail: 'this file request accepts only encrypted files' })
  await sendFiles(
    { ...connection, url: server },
    { files, keeper: createStateKeeper(state, hooks.onState), target },
    hooks,
  )
}

const guestHeaders = (requestToken: string) => ({ 'X-RequestToken': requestToken })

const requestsOf = (upload: UploadLink): string => `${uploadAddress(upload)}/requests`

function uploadOf(link: string): UploadLink {
  const parsed = parseLink(link)
  if (parsed.kind !== 'upload') throw new MayflyError({ code: 'bad_link', detail: 'this is not the link of an upload' })
  return parsed
}

function requestOf(link: string): RequestLink {
  const parsed = parseLink(link)
  if (parsed.kind !== 'request')
    throw new MayflyError({ code: 'bad_link', detail: 'this is not the link of a file request' })
  return parsed
}
