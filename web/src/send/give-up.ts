import { MayflyError } from '../../../client/src/errors.ts'
import { getUpload, removeFile, removeUpload } from '../lib/api.ts'
import { rememberToken } from './tokens.ts'
import { forgetUnfinished, type Unfinished } from './unfinished.ts'
import { discardAt } from './unfinished-on-server.ts'

/**
 * Nobody wants the files that are left of it, so the server need not keep what it has of them; and without a link that anybody could
 * have, not the upload either. Throws `MayflyError`, and then it is still there to be tried again.
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
