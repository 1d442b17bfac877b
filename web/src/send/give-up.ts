import { MayflyError } from '../../../client/src/errors.ts'
import { getUpload, removeFile, removeUpload } from '../lib/api.ts'
import { rememberToken } from './tokens.ts'
import { forgetUnfinished, type Unfinished } from './unfinished.ts'
import { discardAt } from './unfinished-on-server.ts'

/**
 * Deletes unfinished files from the server, and the whole upload if its link was never shown. Throws `MayflyError`; the local
 * record then stays, so that the user can try again.
 */
export async function giveUp(left: Unfinished): Promise<void> {
  const { uploadId, token, isShared } = left
  await (isShared ? giveUpFiles(left) : removeUpload(uploadId, { token })).catch(unlessGone)
  forgetUnfinished(uploadId)
  if (!isShared) rememberToken(uploadId, undefined)
}

async function giveUpFiles({ uploadId, token, secret, files }: Unfinished): Promise<void> {
  const stored = (await getUpload(uploadId, { token })).files ?? []
  for (const { fileId, url } of files) {
    if (url !== undefined) await discardAt(url)
    const place = stored.find(({ id, status }) => id === fileId && status === 'missing')
    if (place) await removeFile(uploadId, place, { token })
  }
  if (secret === undefined) return
  const { unlistNames } = await import('./manifest-changes.ts')
  await unlistNames(
    { upload: { id: uploadId }, token, secret },
    files.flatMap(({ name }) => name ?? []),
  )
}

function unlessGone(error: unknown): void {
  if (!(error instanceof MayflyError && error.status === 404)) throw error
}
