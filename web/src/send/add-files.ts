import type { UploadJson } from '../lib/api.ts'
import type { ChosenFile } from './chosen-files.ts'
import { prepare } from './prepare.ts'
import { remember, runningOf, start } from './sending.ts'
import { notedFile, outgoingOf } from './upload-engine.ts'

/** More files for an upload that is there. Into an encrypted one they go encrypted, too. */
export async function addTo(
  upload: UploadJson,
  token: string,
  secret: string | undefined,
  chosen: readonly ChosenFile[],
): Promise<void> {
  const files = secret !== undefined ? await (await import('./cleaning.ts')).withCleaned(chosen) : chosen
  const sourceOf = (file: ChosenFile) => notedFile(() => upload.id, file)
  const prepared = await Promise.all(files.map((file) => prepare(file, sourceOf(file), secret)))
  const about = { upload, token, secret, isNew: runningOf(upload.id)?.isNew ?? false }
  const before =
    secret === undefined
      ? undefined
      : (await import('./manifest-changes.ts')).listing({ upload, token, secret }, prepared)
  const outgoing = prepared.map((one) => outgoingOf(one, undefined, before))
  remember(about, prepared, outgoing)
  start(about, outgoing)
}
