import { openedSize } from '../../../client/src/age-layout.ts'
import { bareName, openName, openText } from '../../../client/src/encryption.ts'
import { compareFiles, type Manifest, openManifest, textDigest } from '../../../client/src/manifest.ts'
import { type Access, type FileJson, getUpload, type UploadJson } from '../lib/api.ts'
import { isOlderThanSeen } from './newest-manifest.ts'
import type { Received } from './received.ts'
import { isCut, keyIn } from './secret.ts'
import { canBeFetched, needsHttps, type View, type ViewFile, viewFile } from './view.ts'

/** Files and their manifest are read one after the other, and changed one after the other, too. */
const RECHECKS = 2
const RECHECK_MS = 700

/** What a link says about the upload that it leads to. */
export interface Key {
  secret: string
  /** Whether there must be a manifest: then nobody can make the page do without. */
  hasManifest: boolean
}

/**
 * Opens an encrypted upload as its sender sealed it, looking again when something does not fit. Throws `MayflyError`. Where HTTPS is
 * missing, names are opened nevertheless, but no message.
 */
export async function openSealed(upload: UploadJson, access: Access, key: Key): Promise<Received> {
  for (let attempt = 0; ; attempt++) {
    const opened = await tryToOpen(upload, access, { ...key, secret: keyIn(key.secret) })
    const isDoubtful = opened.state === 'open' && opened.view.files.some(({ isForeign }) => isForeign)
    if (!isDoubtful || attempt === RECHECKS) return opened
    await new Promise((resolve) => setTimeout(resolve, RECHECK_MS))
    upload = await getUpload(upload.id, access)
  }
}

async function tryToOpen(upload: UploadJson, access: Access, { secret, hasManifest }: Key): Promise<Received> {
  const { id, manifest: sealed, comments } = upload
  const names = new Map(upload.files?.map((file) => [file.id, openName(file.fileName, secret)]))
  const manifest = sealed === undefined ? undefined : attempt(() => openManifest(sealed, secret))
  const message = await openText(comments, secret).catch(() => undefined)
  const isMessageSealed = comments !== '' && !needsHttps({ secret })
  const opensSomething =
    Boolean(manifest) || message !== undefined || [...names.values()].some((name) => name !== undefined)

  if (!opensSomething && (sealed !== undefined || isMessageSealed || upload.files?.some(isNameSealed)))
    return { state: 'locked', needs: 'key', problem: isCut(secret) ? 'cut' : 'wrong', tried: secret }
  if (!manifest && (hasManifest || sealed !== undefined))
    return { state: 'refused', reason: sealed === undefined ? 'unlisted' : 'changed' }
  const isMessageListed = !manifest || manifest.message === textDigest(comments)
  if (!isMessageListed || (isMessageSealed && message === undefined)) return { state: 'refused', reason: 'changed' }
  if (manifest && isOlderThanSeen(id, manifest.version)) return { state: 'refused', reason: 'older' }

  const viewOf = (file: FileJson): ViewFile => {
    const path = names.get(file.id)
    const view = viewFile(upload, file, path ?? bareName(file.fileName), openedSize(file.fileSize))
    return { ...view, isSizeExact: path !== undefined }
  }
  const view = { upload, access, secret, comments: message ?? '', files: (upload.files ?? []).map(viewOf) }
  return { state: 'open', view: manifest ? asListed(view, manifest) : view }
}

/** What is not what the sender listed can't be fetched. */
function asListed(view: View, manifest: Manifest): View {
  const views = new Map(view.files.map((one) => [one.file, one]))
  const isThere = (file: FileJson) => canBeFetched(view.upload, file)
  const { files, absent } = compareFiles([...views.keys()], isThere, manifest)
  return {
    ...view,
    manifest,
    absent,
    files: files.map(({ file, listed, isForeign }) => {
      const one = views.get(file) as ViewFile
      return { ...one, size: listed?.size ?? one.size, listed, isForeign, isThere: one.isThere && !isForeign }
    }),
  }
}

/** As this page writes it; other clients, such as `age` and curl, name their files as they like. */
const isNameSealed = ({ fileName }: FileJson): boolean => /^[\w-]{80,}\.age$/.test(fileName)

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
