import { MayflyError } from '../../../client/src/errors.ts'
import { type ListedFile, textDigest, withListed, withoutListed } from '../../../client/src/manifest.ts'
import { changeManifest, type ManifestChange } from '../../../client/src/manifest-writer.ts'
import { connection, type UploadJson } from '../lib/api.ts'
import { Objection } from '../lib/error-text.ts'
import { isOlderThanSeen } from '../receive/newest-manifest.ts'
import { encryptionTexts } from '../receive/texts/encryption.ts'
import type { View, ViewFile } from '../receive/view.ts'
import type { Prepared } from './prepare.ts'

/** Who may change the manifest of an upload, and can. */
interface Writer {
  upload: Pick<UploadJson, 'id'>
  token: string | undefined
  secret: string
}

/** Changes of this tab wait for each other; those of others are found out when they were faster. */
let last: Promise<unknown> = Promise.resolve()

function change(writer: Writer, how: ManifestChange): Promise<void> {
  const done = last.then(() => changeNow(writer, how))
  last = done.catch(() => {})
  return done
}

/** Throws `MayflyError`, and an `Objection` when what the server has is not what it should be. */
async function changeNow({ upload: { id }, token, secret }: Writer, how: ManifestChange): Promise<void> {
  const onVersion = (version: number): void => {
    if (isOlderThanSeen(id, version)) throw new Objection(encryptionTexts.value.older)
  }
  const target = { server: connection.url, uploadId: id, token, key: secret, onVersion }
  await changeManifest(connection, target, how).catch((error: unknown) => {
    const isPlain = error instanceof MayflyError && error.code === 'not_as_sent'
    throw isPlain ? new Objection(encryptionTexts.value.plain) : error
  })
}

/**
 * What must be done before any of these files is on the server: lists them, and in place of what was begun under the same name.
 * It can be called by each of them, and again when it failed.
 */
export function listing(writer: Writer, prepared: readonly Prepared[]): () => Promise<void> {
  const listed = prepared.flatMap(({ sealed }) => sealed?.listed ?? [])
  const add: ManifestChange = (files) => withListed(files, listed)
  let done: Promise<void> | undefined
  return () => {
    done ??= change(writer, add).catch((error: unknown) => {
      done = undefined
      throw error
    })
    return done
  }
}

const without =
  (gone: ReadonlySet<string>): ManifestChange =>
  (files) =>
    withoutListed(files, gone)

/** Before a file is deleted: should it come back, it is none of the sender's any more. */
export async function unlist(
  { upload, access: { token }, secret = '' }: View,
  { listed, isForeign }: ViewFile,
): Promise<void> {
  if (listed && !isForeign) await change({ upload, token, secret }, without(new Set([listed.name])))
}

/** Files that an earlier visit began, by their names on the server. */
export const unlistNames = (writer: Writer, names: readonly string[]): Promise<void> =>
  change(writer, without(new Set(names.map(textDigest))))

const givenUp = new Map<string, Set<string>>()

/** A file that is not sent after all; several at once are one change. What can't be changed now shows as a file that never came. */
export async function unlistGivenUp(writer: Writer, { name }: ListedFile): Promise<void> {
  const { id } = writer.upload
  const names = givenUp.get(id)
  if (names) return void names.add(name)
  const gone = new Set([name])
  givenUp.set(id, gone)
  await Promise.resolve()
  givenUp.delete(id)
  await change(writer, without(gone)).catch(() => {})
}
