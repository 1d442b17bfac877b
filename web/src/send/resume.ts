import { type FileJson, getUpload, type UploadJson } from '../lib/api.ts'
import { NOTHING_SENT, notedSource } from './fingerprint.ts'
import { type Prepared, prepare } from './prepare.ts'
import { begunAs, type ChosenAgain } from './resume-check.ts'
import { outgoingOf, start } from './sending.ts'
import { rememberToken } from './tokens.ts'
import type { OutgoingFile } from './transport.ts'
import { noteFile, noteOver, type Unfinished } from './unfinished.ts'
import { discardAt } from './unfinished-on-server.ts'

/** Goes on with what an earlier visit left, as far as it was chosen again. Throws `ApiError`. */
export async function resume(left: Unfinished, matches: readonly ChosenAgain[]): Promise<void> {
  const { uploadId, token, secret, isShared } = left
  const upload = await getUpload(uploadId, { token })
  if (secret !== undefined) (await import('./seal.ts')).assertEncrypted(upload)
  rememberToken(uploadId, token)
  const files: Resumed[] = []
  for (const match of matches) files.push(...(await resumed(upload, match, secret)))
  const prepared = files.map((file) => file.prepared)
  const before =
    secret === undefined
      ? undefined
      : (await import('./manifest-changes.ts')).listing({ upload, token, secret }, prepared)
  const outgoing = files.map(({ prepared, place, ...rest }) => ({ ...outgoingOf(prepared, place, before), ...rest }))
  start({ upload, token, secret, isNew: !isShared }, outgoing)
}

interface Resumed extends Pick<OutgoingFile, 'key' | 'path' | 'isChanged' | 'resumeUrl'> {
  prepared: Prepared
  place: FileJson | undefined
}

/** None: it is there already. */
async function resumed(upload: UploadJson, match: ChosenAgain, secret: string | undefined): Promise<Resumed[]> {
  const { left, chosen } = match
  const declared = upload.files?.find(({ id }) => id === left.fileId)
  if (declared?.status === 'uploaded') {
    noteOver(upload.id, left.key)
    return []
  }
  const found = await begunAs(match, secret !== undefined)
  const isPlaceLost = left.fileId !== undefined && (!declared || declared.status === 'deleted')
  const goesOn = found === 'same' && !isPlaceLost
  const known = (goesOn && left.fingerprint) || NOTHING_SENT
  const source = notedSource(chosen.bytes, known, (fingerprint) => noteFile(upload.id, left.key, { fingerprint }))
  const { name = declared?.fileName } = left
  const prepared = await prepare(chosen, source, secret, { name, head: goesOn ? left.head : undefined })
  if (!goesOn) {
    noteFile(upload.id, left.key, { url: undefined, fingerprint: undefined, head: prepared.sealed?.head })
    if (left.url !== undefined && left.fileId === undefined) await discardAt(left.url) // a declared one is reopened
  }
  const place = isPlaceLost ? undefined : declared // it comes as one more
  const isChanged = found === 'changed'
  return [{ prepared, place, key: left.key, path: left.path, isChanged, resumeUrl: goesOn ? left.url : undefined }]
}
