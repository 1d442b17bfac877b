import { nameOfPath } from '../../../client/src/file-name.ts'
import type { ListedFile } from '../../../client/src/manifest.ts'
import type { SizedSource } from '../../../client/src/source.ts'
import type { ChosenFile } from './chosen-files.ts'

/** A chosen file in the form in which the server gets it. */
export interface Prepared {
  chosen: ChosenFile
  name: string
  type: string
  source: SizedSource
  /** Of an encrypted one: what it begins with, and must begin with again when it is resumed; its line of the manifest. */
  sealed?: { head: string; listed: ListedFile }
}

/** With a secret, neither the bytes of `source` nor their name are told to anybody who lacks it. `before`: see `sealChosen`. */
export async function prepare(
  chosen: ChosenFile,
  source: SizedSource,
  secret: string | undefined,
  before?: { name?: string | undefined; head?: string | undefined },
): Promise<Prepared> {
  if (secret !== undefined) return (await import('./seal.ts')).sealChosen(chosen, source, secret, before)
  return { chosen, name: nameOfPath(chosen.path), type: chosen.bytes.type, source }
}
