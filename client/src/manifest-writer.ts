import { accessHeaders, type Connection } from './connection.ts'
import { MayflyError, notAsSent } from './errors.ts'
import { type EncryptionPromise, type UploadAddress, uploadAddress } from './links.ts'
import { type ListedFile, openManifest, sealManifest, tagOf } from './manifest.ts'
import { fetchUpload } from './upload-info.ts'

/** Changes of the list that the sender of an encrypted upload has sealed. Loaded by `import()` only. */

/** When this many changes by others come first, one after the other, the change fails. */
const MAX_ATTEMPTS = 20

interface Target extends UploadAddress {
  token: string | undefined
  key: string
  e2ee?: EncryptionPromise | undefined
  signal?: AbortSignal | undefined
  /** Told each version of the list that the server has; may throw. */
  onVersion?: (version: number) => void
}

/** The files of the list, once they are changed. */
export type ManifestChange = (files: readonly ListedFile[]) => ListedFile[]
export type ChangeManifest = (how: ManifestChange) => Promise<void>

/** Changes by this writer wait for each other. They reject with `MayflyError`: `not_as_sent`, or what the server answers. */
export function createManifestWriter(connection: Connection, target: Target): ChangeManifest {
  let last: Promise<unknown> = Promise.resolve()
  return (how) => {
    const done = last.then(() => changeManifest(connection, target, how))
    last = done.catch(() => {})
    return done
  }
}

/** Replaces exactly the list that was read, or reads it again. */
export async function changeManifest(
  connection: Connection,
  { token, key, e2ee, signal, onVersion = () => {}, ...upload }: Target,
  how: ManifestChange,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { manifest, e2ee: encryption } = await fetchUpload(connection, upload, { token }, signal)
    if (encryption !== 'age') throw notAsSent('the server says that the upload is not encrypted')
    if (manifest === undefined && e2ee === '2') throw notAsSent('the server has lost the list of the files')
    if (manifest === undefined) return // it was made before there were any
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
