import type { BlobStore } from './blob-store.ts'
import { type LocalStoreOptions, openLocalStore } from './local-store.ts'
import type { S3StoreOptions } from './s3-store.ts'

export type StoreOptions = ({ kind: 'local' } & LocalStoreOptions) | ({ kind: 's3' } & S3StoreOptions)

export async function openStore(options: StoreOptions): Promise<BlobStore> {
  if (options.kind === 'local') return openLocalStore(options)
  // The AWS SDK costs 55 MiB of memory and 160 ms at start, so it is loaded only for S3.
  const { createS3Store } = await import('./s3-store.ts')
  return createS3Store(options)
}
