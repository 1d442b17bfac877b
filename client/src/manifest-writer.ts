import { accessHeaders, type Connection } from './connection.ts'
import { MayflyError, notAsSent } from './errors.ts'
import { type EncryptionPromise, type UploadAddress, uploadAddress } from './links.ts'
import { type ListedFile, openManifest, sealManifest, tagOf } from './manifest.ts'
import { fetchUpload } from './upload-info.ts'

/** Changes the manifest of an encrypted upload. Loaded by `import()` only. */

/** After this many conflicts with changes of others, the change fails. */
const MAX_ATTEMPTS = 20

interface Target extends UploadAddress {
  token: string | undefined
  key: string
  e2ee?: EncryptionPromise | undefined
  signal?: AbortSignal | undefined
  /** Called with each version of the manifest that the server has; may throw. */
  onVersion?: (version: number) => void
}

/** Returns the changed list of files. */
export type ManifestChange = (files: readonly ListedFile[]) => ListedFile[]
export type ChangeManifest = (how: ManifestChange) => Promise<void>

/** Changes by this writer wait for each other. They reject with `MayflyError`: `not_as_sent`, or the server's error. */
export function createManifestWriter(connection: Connection, target: Target): ChangeManifest {
  let last: Promise<unknown> = Promise.resolve()
  return (how) => {
    const done = last.then(() => changeManifest(connection, target, how))
    last = done.catch(() => {})
    return done
  }
}

/** Replaces the manifest only if it is still the one that was read; otherwise reads it again and retries. */
export async function changeManifest(
  connection: Connection,
  { token, key, e2ee, signal, onVersion = () => {}, ...upload }: Target,
  how: ManifestChange,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { manifest, e2ee: encryption } = await fetchUpload(connection, upload, { token }, signal)
    if (encryption !== 'age') throw notAsSent('the server reports that the upload is not encrypted')
    if (manifest === undefined && e2ee === '2') throw notAsSent('the server did not return the list of files')
    if (manifest === undefined) return // created by a version without manifests
    const before = openManifest(manifest, key)
    const version = before.version + 1
    onVersion(before.version)
    const files = how(before.files)
    if (JSON.stringify(files) === JSON.stringify(before.files)) return
    try {
      await connection.call(`${uploadAddress(upload)}/manifest`, {
        method: 'PUT',
        headers: { ...accessHeaders({ token }), 'If-Match': tagOf(manifest) },
        body: sealManifest({ ...before, version, files }, key),
        signal,
      })
      return onVersion(version)
    } catch (error) {
      if (!(error instanceof MayflyError && error.status === 412) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}
