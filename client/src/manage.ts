import { type Access, accessHeaders, type Connection } from './connection.ts'
import { secondsOf } from './duration.ts'
import { type FileLink, parseContentLink, uploadAddress } from './links.ts'
import type { UploadJson } from './shapes.ts'
import { fetchInfo, type Secrets, secretsOf, type UploadInfo, uploadInfo } from './upload-info.ts'

/** Reads, changes and deletes an existing upload. */

export interface ManageOptions extends Access {
  signal?: AbortSignal
  /** Decrypts the names of an encrypted upload if the link does not contain the key. */
  key?: string
}

/**
 * Returns the properties of an upload; this does not use up a download of a limited file. `link`: of the upload, or of anything
 * in it.
 */
export async function info(connection: Connection, link: string, options: ManageOptions = {}): Promise<UploadInfo> {
  const target = parseContentLink(link)
  return fetchInfo(connection, target, { ...options, ...secretsOf(target, options) })
}

/** Removes an upload, or only a file if the link is that of a file. Needs the upload token, unless the upload is removable. */
export async function remove(connection: Connection, link: string, options: ManageOptions = {}): Promise<void> {
  const target = parseContentLink(link)
  const { signal } = options
  const secrets = secretsOf(target, options)
  const headers = accessHeaders({ ...options, ...secrets })
  if (target.kind === 'file') await unlist(connection, target, { ...secrets, signal })
  const address = target.kind === 'file' ? target.url : uploadAddress(target)
  await connection.call(address, { method: 'DELETE', headers, signal })
}

/**
 * Removes files from the encrypted list before they are deleted, so that a server that restores them is detected. Needs the
 * upload token.
 */
async function unlist(
  connection: Connection,
  { server, uploadId, name }: FileLink,
  { token, key, e2ee, signal }: Secrets & { signal: AbortSignal | undefined },
): Promise<void> {
  if (token === undefined || key === undefined) return
  const { createManifestWriter } = await import('./manifest-writer.ts')
  const { textDigest, withoutListed } = await import('./manifest.ts')
  const change = createManifestWriter(connection, { server, uploadId, token, key, e2ee, signal })
  await change((files) => withoutListed(files, new Set([textDigest(name)])))
}

/** Sets a new time to live, counted from now: seconds, or a duration such as `12h`. Needs the upload token. */
export async function extend(
  connection: Connection,
  link: string,
  ttl: number | string,
  options: ManageOptions = {},
): Promise<UploadInfo> {
  const target = parseContentLink(link)
  const secrets = secretsOf(target, options)
  const upload = await connection.json<UploadJson>(uploadAddress(target), {
    method: 'PATCH',
    headers: accessHeaders({ ...options, ...secrets }),
    body: JSON.stringify({ ttl: secondsOf(ttl) }),
    signal: options.signal,
  })
  return uploadInfo(target.server, upload, secrets)
}
