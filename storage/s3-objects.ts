import type { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { createS3Client, type S3Connection } from './s3-client.ts'
import { fail } from './s3-errors.ts'
import { sizeOf } from './s3-multipart.ts'
import { readBody } from './s3-reader.ts'

/** The bucket of another program. */
export interface S3ObjectsOptions extends S3Connection {
  bucket: string
}

const LIMITS = { socketTimeout: 0, requestTimeout: 15_000 }

/** Objects stored by another program, read-only. Every method throws like `BlobStore.get`. */
export function createS3Objects({ bucket, ...connection }: S3ObjectsOptions) {
  const client = createS3Client(connection, LIMITS)
  const objectOf = (Key: string) => ({ Bucket: bucket, Key })

  async function get(name: string): Promise<AsyncIterable<Buffer>> {
    const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand(objectOf(name))).catch(fail)
    return readBody(Body as Readable, ContentLength)
  }

  return {
    get,
    /** Bytes; undefined: there is no such object. */
    size: (name: string): Promise<number | undefined> => sizeOf(client, objectOf(name)),
    close: (): void => client.destroy(),
  }
}
