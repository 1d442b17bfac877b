import { newKey, sealFile, sealName, sealText } from '../../../client/src/encryption.ts'
import { listedFile, sealManifest, textDigest } from '../../../client/src/manifest.ts'
import type { SizedSource } from '../../../client/src/source.ts'
import { createUpload, type NewUpload, type UploadJson } from '../lib/api.ts'
import { Objection } from '../lib/error-text.ts'
import { encryptionTexts } from '../receive/texts/encryption.ts'
import { isEncrypted } from '../receive/view.ts'
import type { ChosenFile } from './chosen-files.ts'
import type { Prepared } from './prepare.ts'

/** Encrypts the chosen files, their names and the message of an upload. */

export { newKey as newSecret }

/** `before`: the header from an earlier visit, if any. A header must never be used for different bytes. */
export async function sealChosen(
  chosen: ChosenFile,
  source: SizedSource,
  secret: string,
  before: { name?: string | undefined; head?: string | undefined } = {},
): Promise<Prepared> {
  const { name = sealName(chosen.path, secret) } = before
  const sealed = await sealFile(source, secret, before.head)
  const listed = listedFile(name, sealed.head, source.size)
  return { chosen, name, type: '', source: sealed.source, sealed: { head: sealed.head, listed } }
}

/** Throws `MayflyError`, and an `Objection` if the server does not confirm that the upload is encrypted. */
export async function createSealed(
  request: NewUpload,
  prepared: readonly Prepared[],
  secret: string,
): Promise<UploadJson> {
  const files = prepared.flatMap(({ sealed }) => sealed?.listed ?? [])
  const comments = request.comments ? await sealText(request.comments, secret) : ''
  const manifest = sealManifest({ version: 1, message: textDigest(comments), files }, secret)
  const upload = await createUpload({ ...request, comments, e2ee: 'age', manifest })
  assertEncrypted(upload)
  return { ...upload, manifest } // the version in the link does not depend on the response
}

/** Throws an `Objection`. */
export function assertEncrypted(upload: UploadJson): void {
  if (!isEncrypted(upload)) throw new Objection(encryptionTexts.value.plain)
}
