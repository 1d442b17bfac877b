import type { UploadJson } from '../lib/api.ts'
import type { ChosenFile } from './chosen-files.ts'
import { prepare } from './prepare.ts'
import { remember, runningOf, type Sending, start } from './sending.ts'
import type { OutgoingFile } from './transport.ts'
import { notedFile, outgoingOf } from './upload-engine.ts'

/** Adds files to an existing upload; those for an encrypted upload are encrypted as well. */
export async function addTo(
  upload: UploadJson,
  token: string,
  secret: string | undefined,
  chosen: readonly ChosenFile[],
): Promise<void> {
  const about = { upload, token, secret, isNew: runningOf(upload.id)?.isNew ?? false }
  start(about, await readyFor(about, chosen))
}

/** Sends another file in the place of one that can't be read any more. */
export async function replaceIn(sending: Sending, key: string, chosen: ChosenFile): Promise<void> {
  for (const file of await readyFor(sending, [chosen])) await sending.sender.replace(key, file)
}

type Target = Pick<Sending, 'upload' | 'token' | 'secret' | 'isNew'>

async function readyFor(target: Target, chosen: readonly ChosenFile[]): Promise<OutgoingFile[]> {
  const { upload, token, secret } = target
  const files = secret !== undefined ? await (await import('./cleaning.ts')).withCleaned(chosen) : chosen
  const sourceOf = (file: ChosenFile) => notedFile(() => upload.id, file)
  const prepared = await Promise.all(files.map((file) => prepare(file, sourceOf(file), secret)))
  const before =
    secret === undefined
      ? undefined
      : (await import('./manifest-changes.ts')).listing({ upload, token, secret }, prepared)
  const outgoing = prepared.map((one) => outgoingOf(one, undefined, before))
  remember(target, prepared, outgoing)
  return outgoing
}
