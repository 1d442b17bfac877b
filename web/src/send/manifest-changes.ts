import { MayflyError } from '../../../client/src/errors.ts'
import { type ListedFile, textDigest, withListed, withoutListed } from '../../../client/src/manifest.ts'
import { changeManifest, type ManifestChange } from '../../../client/src/manifest-writer.ts'
import { connection, type UploadJson } from '../lib/api.ts'
import { Objection } from '../lib/error-text.ts'
import { isOlderThanSeen } from '../receive/newest-manifest.ts'
import { encryptionTexts } from '../receive/texts/encryption.ts'
import type { View, ViewFile } from '../receive/view.ts'
import type { Prepared } from './prepare.ts'

/** What is needed to change the manifest of an upload. */
interface Writer {
  upload: Pick<UploadJson, 'id'>
  token: string | undefined
  secret: string
}

/** Changes of this tab wait for each other; conflicts with changes of others are detected and retried. */
let last: Promise<unknown> = Promise.resolve()

function change(writer: Writer, how: ManifestChange): Promise<void> {
  const done = last.then(() => changeNow(writer, how))
  last = done.catch(() => {})
  return done
}

/** Throws `MayflyError`, and an `Objection` if the server's manifest is not the expected one. */
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
 * Adds entries to the manifest, replacing those of the same name. This must happen before any of the files is on the server. Each
 * file may call it, and call it again after an error.
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

/** Called before a file is deleted: if it reappears later, it no longer counts as the sender's. */
export async function unlist(
  { upload, access: { token }, secret = '' }: View,
  { listed, isForeign }: ViewFile,
): Promise<void> {
  if (listed && !isForeign) await change({ upload, token, secret }, without(new Set([listed.name])))
}

/** Removes files that an earlier visit started, by their names on the server. */
export const unlistNames = (writer: Writer, names: readonly string[]): Promise<void> =>
  change(writer, without(new Set(names.map(textDigest))))

const givenUp = new Map<string, Set<string>>()

/** Removes a cancelled file; several at once are one change. If that fails, the page shows the file as missing. */
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
