import { getUpload, type UploadJson } from '../api.ts'
import { rememberToken } from '../tokens.ts'
import { begunAs, type ChosenAgain } from './begun.ts'
import { NOTHING_SENT, notedSource } from './fingerprint.ts'
import { discardAt } from './leftovers.ts'
import { prepare } from './prepare.ts'
import { outgoingOf, start } from './sending.ts'
import type { OutgoingFile } from './transport.ts'
import { noteFile, noteOver, type Unfinished } from './unfinished.ts'

/** Goes on with what an earlier visit left, as far as it was chosen again. Throws `ApiError`. */
export async function resume(left: Unfinished, matches: readonly ChosenAgain[]): Promise<void> {
  const { uploadId, token, secret, isShared } = left
  const upload = await getUpload(uploadId, { token })
  rememberToken(uploadId, token)
  const outgoing: OutgoingFile[] = []
  for (const match of matches) outgoing.push(...(await resumed(upload, match, secret)))
  start({ upload, token, secret, isNew: !isShared }, outgoing)
}

/** None: it is there already. */
async function resumed(upload: UploadJson, match: ChosenAgain, secret: string | undefined): Promise<OutgoingFile[]> {
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
  const prepared = await prepare(chosen, source, secret, goesOn ? left.head : undefined)
  if (!goesOn) {
    noteFile(upload.id, left.key, { url: undefined, fingerprint: undefined, head: prepared.head })
    if (left.url !== undefined && left.fileId === undefined) await discardAt(left.url) // a declared one is reopened
  }
  const place = isPlaceLost ? undefined : declared // it comes as one more
  const outgoing = { ...outgoingOf(prepared, place), key: left.key, path: left.path, isChanged: found === 'changed' }
  return [goesOn ? { ...outgoing, resumeUrl: left.url } : outgoing]
}
