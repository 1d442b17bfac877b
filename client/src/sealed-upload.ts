import { sealedSize } from './age-layout.ts'
import { newHead, newKey, sealName, sealText } from './encryption.ts'
import { type ListedFile, listedFile, sealManifest, textDigest } from './manifest.ts'
import type { OutgoingFile } from './source.ts'
import type { DeclaredFile } from './upload.ts'

/** Creates an upload whose names and message are encrypted. Loaded by `import()` only when something is encrypted. */
export async function sealUpload(files: readonly OutgoingFile[], comments = '') {
  const key = await newKey()
  const sealed = await Promise.all(files.map((file) => sealedFile(file, key)))
  const message = comments === '' ? '' : await sealText(comments, key)
  const listed = sealed.flatMap((file) => file.listed ?? [])
  const manifest = sealManifest({ version: 1, message: textDigest(message), files: listed }, key)
  return { key, files: sealed, request: { e2ee: 'age', comments: message, manifest } }
}

/** A stream is listed once its size is known. */
async function sealedFile(
  { name, source: { size } }: OutgoingFile,
  key: string,
): Promise<DeclaredFile & { listed?: ListedFile }> {
  const fileName = sealName(name, key)
  if (size === undefined) return { json: { fileName, fileType: '', fileSize: 0 }, state: {} }
  const head = await newHead(key)
  const json = { fileName, fileType: '', fileSize: sealedSize(size) }
  return { json, state: { head, isListed: true }, listed: listedFile(fileName, head, size) }
}
