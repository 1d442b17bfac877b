import { createHash } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { ManifestsRepo } from './manifests-repo.ts'
import type { Upload } from './upload.ts'
import { storableManifest } from './upload-rules.ts'
import type { OpenUpload } from './uploads.ts'

interface Dependencies {
  repo: ManifestsRepo
  config: Pick<Config, 'maxFilesPerUpload'>
}

export type Manifests = ReturnType<typeof createManifests>

/**
 * Sealed lists of the files of an encrypted upload, made by its sender; this server stores them and can neither read nor
 * create them (`docs/page.md`). A change must name the version that it replaces, so that clients do not overwrite each
 * other's changes.
 */
export function createManifests({ repo, config }: Dependencies) {
  const find = async ({ id, e2ee }: Upload): Promise<string | undefined> => (e2ee === null ? undefined : repo.find(id))

  /**
   * `tag`: the entity tag of the replaced manifest, its SHA-256 in hexadecimal and in quotes (RFC 9110 §8.8.3). Throws
   * `forbidden`: the caller does not administer the upload; `bad_request`: no tag, or not a valid manifest;
   * `precondition_failed`: the manifest was changed meanwhile.
   */
  async function replace({ upload, isAdmin }: OpenUpload, sealed: string, tag: string | undefined): Promise<void> {
    if (!isAdmin) throw new AppError('change_upload_forbidden')
    if (tag === undefined) throw new AppError('if_match_missing')
    const next = storableManifest(sealed, config)
    const before = await find(upload)
    const isKnown = before !== undefined && tagOf(before) === tag
    if (!isKnown || !(await repo.replace(upload.id, before, next))) throw new AppError('manifest_changed')
  }

  return { find, replace }
}

const tagOf = (sealed: string): string => `"${createHash('sha256').update(sealed).digest('hex')}"`
