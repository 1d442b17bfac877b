import { getUpload } from '../lib/api.ts'
import { type ChosenAgain, type Resumed, resumedFile } from './resume-check.ts'
import { start } from './sending.ts'
import { rememberToken } from './tokens.ts'
import { noteOver, type Unfinished } from './unfinished.ts'

/** Resumes unfinished files of an earlier visit for which the user has chosen the file again. Throws `MayflyError`. */
export async function resume(left: Unfinished, matches: readonly ChosenAgain[]): Promise<void> {
  const { uploadId, token, secret, isShared } = left
  const upload = await getUpload(uploadId, { token })
  if (secret !== undefined) (await import('./seal.ts')).assertEncrypted(upload)
  rememberToken(uploadId, token)
  const files: Resumed[] = []
  for (const match of matches) {
    const declared = upload.files?.find(({ id }) => id === match.left.fileId)
    if (declared?.status === 'uploaded') noteOver(uploadId, match.left.key)
    else files.push(await resumedFile(uploadId, match, { secret, declared }))
  }
  const before =
    secret === undefined
      ? undefined
      : (await import('./manifest-changes.ts')).listing(
          { upload, token, secret },
          files.map(({ prepared }) => prepared),
        )
  const outgoing = files.map((file) => ({ ...file.outgoing, before }))
  start({ upload, token, secret, isNew: !isShared }, outgoing)
}
