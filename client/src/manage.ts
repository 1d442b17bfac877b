import { type Access, accessHeaders, type Connection } from './connection.ts'
import { secondsOf } from './duration.ts'
import { MayflyError } from './errors.ts'
import { parseLink } from './links.ts'
import type { UploadJson } from './shapes.ts'
import { fetchUpload, type Secrets, type UploadInfo, uploadInfo } from './upload-info.ts'

/** What can be done with an upload that is there. */

export interface ManageOptions extends Access {
  signal?: AbortSignal
  /** Opens the names of an encrypted upload, if the link does not have the key. */
  key?: string
}

/** What is in an upload; it takes no download of a limited file. `link`: of the upload, or of anything in it. */
export async function info(connection: Connection, link: string, options: ManageOptions = {}): Promise<UploadInfo> {
  const target = targetOf(link)
  const secrets = secretsOf(target, options)
  const upload = await fetchUpload(connection, target, { ...options, token: secrets.token }, options.signal)
  return uploadInfo(target.server, upload, secrets)
}

/** Removes an upload, or only the file if it is the link of one. It takes the upload token, unless the upload is removable. */
export async function remove(connection: Connection, link: string, options: ManageOptions = {}): Promise<void> {
  const target = targetOf(link)
  const { signal } = options
  const headers = accessHeaders({ ...options, ...secretsOf(target, options) })
  const address = target.kind === 'file' ? target.url : `${target.server}/upload/${encodeURIComponent(target.uploadId)}`
  await connection.call(address, { method: 'DELETE', headers, signal })
}

/** Starts the time to live anew: seconds from now, or such as `12h`. It takes the upload token. */
export async function extend(
  connection: Connection,
  link: string,
  ttl: number | string,
  options: ManageOptions = {},
): Promise<UploadInfo> {
  const target = targetOf(link)
  const secrets = secretsOf(target, options)
  const upload = await connection.json<UploadJson>(`${target.server}/upload/${encodeURIComponent(target.uploadId)}`, {
    method: 'PATCH',
    headers: accessHeaders({ ...options, ...secrets }),
    body: JSON.stringify({ ttl: secondsOf(ttl) }),
    signal: options.signal,
  })
  return uploadInfo(target.server, upload, secrets)
}

function targetOf(link: string) {
  const parsed = parseLink(link)
  if (parsed.kind === 'request')
    throw new MayflyError({ code: 'bad_link', detail: 'this is the link of a file request' })
  return parsed
}

const secretsOf = (target: object, { token, key }: ManageOptions): Secrets => ({
  token: token ?? ('token' in target ? (target.token as string) : undefined),
  key: key ?? ('key' in target ? (target.key as string) : undefined),
})
