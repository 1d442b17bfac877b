import { nameOfPath } from '../../../client/src/file-name.ts'
import type { ListedFile } from '../../../client/src/manifest.ts'
import type { SizedSource } from '../../../client/src/source.ts'
import type { ChosenFile } from './chosen-files.ts'

/** A chosen file in the form in which it is sent. */
export interface Prepared {
  chosen: ChosenFile
  name: string
  type: string
  source: SizedSource
  /** For an encrypted file: its header, which must be reused when it is resumed, and its entry in the manifest. */
  sealed?: { head: string; listed: ListedFile }
}

/** With a secret, the bytes of `source` and the name are encrypted. `before`: see `sealChosen`. */
export async function prepare(
  chosen: ChosenFile,
  source: SizedSource,
  secret: string | undefined,
  before?: { name?: string | undefined; head?: string | undefined },
): Promise<Prepared> {
  if (secret !== undefined) return (await import('./seal.ts')).sealChosen(chosen, source, secret, before)
  return { chosen, name: nameOfPath(chosen.path), type: chosen.bytes.type, source }
}
