import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketAt, makeBucket, reservePorts, type S3Bucket, startCluster } from './s3-server.ts'
import { waitFor } from './wait.ts'

/** A new bucket of the one S3 server of a test run, which its first user starts and `s3-setup.ts` stops at the end. */
export async function sharedBucket(): Promise<S3Bucket> {
  const folder = process.env.TEST_S3_FOLDER as string
  const portFile = join(folder, 'port')
  if (await isFirst(folder)) {
    const { first } = await reservePorts() // kept until this process ends
    await startCluster(folder, first)
    await writeFile(`${portFile}.new`, `${first}`)
    await rename(`${portFile}.new`, portFile)
  }
  const bucket = bucketAt(Number(await waitFor(() => readFile(portFile, 'utf8'))), `test-${randomUUID()}`)
  await makeBucket(bucket)
  return bucket
}

const isFirst = (folder: string): Promise<boolean> =>
  mkdir(join(folder, 'started')).then(
    () => true,
    () => false,
  )
