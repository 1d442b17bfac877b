import { type OpenedFile, tryToOpen } from '../../../client/src/opened-upload.ts'
import { type Access, type FileJson, getUpload, type UploadJson } from '../lib/api.ts'
import { isOlderThanSeen } from './newest-manifest.ts'
import type { Received } from './received.ts'
import { isCut, keyIn } from './secret.ts'
import { needsHttps, viewFile } from './view.ts'

/** How often to read again when files and manifest do not match: they are read and changed one after the other. */
const RECHECKS = 2
const RECHECK_MS = 700

/** What the link contains about the encryption. */
export interface Key {
  secret: string
  /** The link requires a manifest, so that the server can't leave it out. */
  hasManifest: boolean
}

/**
 * Decrypts an upload, and reads it again if files and manifest do not match. Throws `MayflyError`. Without HTTPS it decrypts the
 * names, but not the message.
 */
export async function openSealed(upload: UploadJson, access: Access, key: Key): Promise<Received> {
  for (let attempt = 0; ; attempt++) {
    const received = await opened(upload, access, { ...key, secret: keyIn(key.secret) })
    const isDoubtful = received.state === 'open' && received.view.files.some(({ isForeign }) => isForeign)
    if (!isDoubtful || attempt === RECHECKS) return received
    await new Promise((resolve) => setTimeout(resolve, RECHECK_MS))
    upload = await getUpload(upload.id, access)
  }
}

async function opened(upload: UploadJson, access: Access, { secret, hasManifest }: Key): Promise<Received> {
  const found = await tryToOpen(upload, secret, { hasManifest, isMessageSkipped: needsHttps({ secret }) })
  if (found === 'key') return { state: 'locked', needs: 'key', problem: isCut(secret) ? 'cut' : 'wrong', tried: secret }
  if (typeof found === 'string') return { state: 'refused', reason: found === 'unlisted' ? 'unlisted' : 'changed' }
  const { comments, manifest, absent } = found
  if (manifest && isOlderThanSeen(upload.id, manifest.version)) return { state: 'refused', reason: 'older' }

  /** Files that the sender did not list can't be downloaded. */
  const viewOf = ({ file, name, size, isNameSealed, listed, isForeign }: OpenedFile<FileJson>) => {
    const view = viewFile(upload, file, name, size)
    return { ...view, isSizeExact: isNameSealed, listed, isForeign, isThere: view.isThere && !isForeign }
  }
  return {
    state: 'open',
    view: { upload, access, secret, comments, manifest, absent, files: found.files.map(viewOf) },
  }
}
