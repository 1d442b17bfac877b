import { hash, randomBytes } from 'node:crypto'
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isPostgres } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { type S3Server, s3ServerAvailable, startS3Server } from '../../helpers/s3-server.ts'
import { createResumable, offsetOf, patch } from './tus-requests.ts'

const MIB = 1024 * 1024

/** `tests/storage/s3-store.test.ts` says loudly when there is no such server. */
describe.skipIf(!s3ServerAvailable())('with the bytes in a bucket', () => {
  let s3: S3Server

  beforeAll(async () => {
    s3 = await startS3Server()
  })

  afterAll(() => s3?.stop())

  const start = (settings: Record<string, string> = {}): Promise<TestApp> =>
    makeApp({
      STORAGE: 's3',
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      S3_FORCE_PATH_STYLE: 'true',
      ...settings,
    })

  test('the disk of the database is guarded, too', async () => {
    const app = await start({ MIN_FREE_SPACE: '1000000GB' })

    const { status } = await fetch(`${app.url}/upload`, { method: 'POST' })

    expect(status).toBe(isPostgres() ? 200 : 507) // PostgreSQL's is out of sight
  })

  test('a file goes from one replica to another in the middle, and is one object in the end', async () => {
    const one = await start()
    const two = await start({ DATA_DIR: one.dataDir, DATABASE_URL: one.databaseUrl })
    const bytes = randomBytes(21 * MIB + 5)
    const { url, link } = await createResumable(one, bytes.length)
    const elsewhere = url.replace(one.url, two.url)

    await patch(url, 0, bytes.subarray(0, 10 * MIB))
    await patch(elsewhere, 10 * MIB, bytes.subarray(10 * MIB, 11 * MIB))
    await one.housekeeping.clean()
    const last = await patch(url, 11 * MIB, bytes.subarray(11 * MIB))

    expect(last.status).toBe(204)
    const answer = await fetch(link)
    expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${hash('sha256', bytes, 'base64')}:`)
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
    expect(await kept()).toEqual({ objects: 1, uploads: 0 })
  })

  test('what nobody goes on with leaves nothing in the bucket', async () => {
    const app = await start({ RESUME_WINDOW: '1h', S3_PREFIX: 'left/' })
    const { url } = await createResumable(app, 30 * MIB)
    await patch(url, 0, randomBytes(10 * MIB))
    expect(await kept('left/')).toEqual({ objects: 1, uploads: 1 })

    app.advance(60 * 60 * 1000)
    await app.housekeeping.clean()

    expect(await offsetOf(url)).toBe(404)
    expect(await kept('left/')).toEqual({ objects: 0, uploads: 0 })
  })

  async function kept(Prefix = '') {
    const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }
    const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials, forcePathStyle: true })
    onTestFinished(() => client.destroy())
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix }))
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix }))
    return { objects: KeyCount, uploads: Uploads.length }
  }
})
