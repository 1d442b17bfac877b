import type { ChosenFile } from './chosen-files.ts'
import { nameOfPath } from './folder-names.ts'
import type { Source } from './transport.ts'

/** A chosen file in the form in which the server gets it. */
export interface Prepared {
  chosen: ChosenFile
  name: string
  type: string
  source: Source
  /** What an encrypted one begins with, and must begin with again when it is gone on with. */
  head: string | undefined
}

/** With a secret, neither the bytes of `source` nor their name are told to anybody who lacks it. */
export async function prepare(
  chosen: ChosenFile,
  source: Source,
  secret: string | undefined,
  head?: string,
): Promise<Prepared> {
  const { path, bytes } = chosen
  if (secret === undefined) return { chosen, name: nameOfPath(path), type: bytes.type, source, head: undefined }
  const { sealFile, sealName } = await import('../encryption/encryption.ts')
  const sealed = await sealFile(source, secret, head)
  return { chosen, name: sealName(path, secret), type: '', source: sealed.source, head: sealed.head }
}
