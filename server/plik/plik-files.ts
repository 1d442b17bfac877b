import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { S3ObjectsOptions } from '../../storage/s3-objects.ts'
import type { PlikFile } from './plik-source-repo.ts'

/** A bucket of Plik; `prefix` without a trailing slash. */
export interface PlikBucket extends S3ObjectsOptions {
  prefix: string
}

export interface FoundFile {
  /** Its path, if it is on a local disk, so that a hard link may be made. */
  path?: string
  open(): Promise<AsyncIterable<Uint8Array>>
}

/** Read access to the files of Plik. */
export interface PlikFiles {
  /** The location, for messages. */
  place: string
  /** Returns undefined if the file does not exist. Throws `unavailable` if that can't be determined. */
  find(file: Pick<PlikFile, 'id' | 'upload_id'>): Promise<FoundFile | undefined>
  close(): void
}

/** Opens a folder or a bucket. */
export const openPlikFiles = async (location: string | PlikBucket): Promise<PlikFiles> =>
  typeof location === 'string' ? filesInFolder(location) : filesInBucket(location)

function filesInFolder(folder: string): PlikFiles {
  /** The path in Plik 1.3, or else the path in earlier versions. */
  async function find({ id, upload_id }: Pick<PlikFile, 'id' | 'upload_id'>): Promise<FoundFile | undefined> {
    for (const path of [join(folder, id.slice(0, 2), id), join(folder, upload_id.slice(0, 2), upload_id, id)]) {
      const found = await stat(path).catch(() => undefined)
      if (found?.isFile()) return { path, open: async () => createReadStream(path) }
    }
    return undefined
  }

  return { place: folder, find, close: () => {} }
}

/** Objects `<prefix>/<id>` (Plik 1.3.8, `server/data/s3`). */
async function filesInBucket({ prefix, ...options }: PlikBucket): Promise<PlikFiles> {
  const { createS3Objects } = await import('../../storage/s3-objects.ts')
  const objects = createS3Objects(options)
  return {
    place: `the bucket ${options.bucket}`,
    close: objects.close,
    async find({ id }) {
      const name = prefix === '' ? id : `${prefix}/${id}`
      return (await objects.size(name)) === undefined ? undefined : { open: () => objects.get(name) }
    },
  }
}
