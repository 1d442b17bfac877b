import { hash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { newBlobKey } from '../../../server/lib/ids.ts'
import { givenFile } from '../../helpers/client.ts'
import { emptyDatabase, isPostgres, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { givenOldDatabase } from '../../helpers/old-version.ts'
import { isInstalled } from '../../helpers/programs.ts'
import { type S3Bucket, s3Settings } from '../../helpers/s3-server.ts'
import { sharedBucket } from '../../helpers/shared-bucket.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { createResumable, offsetOf, patch } from './tus-requests.ts'

const MIB = 1024 * 1024

/** `tests/storage/s3-store.test.ts` says loudly when there is no such server. */
describe.skipIf(!isInstalled('ceph'))('with the bytes in a bucket', () => {
  let s3: S3Bucket

  beforeAll(async () => {
    s3 = await sharedBucket()
  })

  const onS3 = (settings: Record<string, string>): Record<string, string> => ({
    ...s3Settings(s3),
    ...settings,
  })
  const start = (settings: Record<string, string> = {}): Promise<TestApp> => makeApp(onS3(settings))

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
    await one.maintenance.clean()
    const last = await patch(url, 11 * MIB, bytes.subarray(11 * MIB))

    expect(last.status).toBe(204)
    const answer = await fetch(link)
    expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${hash('sha256', bytes, 'base64')}:`)
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
    expect(await kept()).toEqual({ objects: 2, uploads: 0 }) // and the store's id
  })

  test('an upload that is not resumed leaves nothing in the bucket', async () => {
    const app = await start({ RESUME_WINDOW: '1h', S3_PREFIX: 'left/' })
    const { url } = await createResumable(app, 30 * MIB)
    await patch(url, 0, randomBytes(10 * MIB))
    expect(await kept('left/')).toEqual({ objects: 1, uploads: 1 })

    app.advance(60 * 60 * 1000)
    await app.maintenance.clean()

    expect(await offsetOf(url)).toBe(404)
    expect(await kept('left/')).toEqual({ objects: 1, uploads: 0 }) // the store's id
  })

  test('a test server with a database of its own deletes nothing in the bucket of another', async () => {
    const S3_PREFIX = 'shared/'
    const app = await start({ S3_PREFIX })
    await givenFile(app, {}, 'kept')
    const { url } = await createResumable(app, 30 * MIB)
    await patch(url, 0, randomBytes(10 * MIB))
    await app.maintenance.clean()
    const before = await kept(S3_PREFIX)
    expect(before).toEqual({ objects: 3, uploads: 1 }) // a file, a tail and the store's id
    const other = await start({ S3_PREFIX })

    other.advance(10 * 24 * 3_600_000)
    await expect(other.maintenance.clean()).rejects.toMatchObject({ kind: 'conflict' })
    for (const job of ['remove-orphans', 'purge-abandoned-uploads'])
      await (await other.jobEngine.control.start(job, 'test')).ended

    expect(await kept(S3_PREFIX)).toEqual(before)
  })

  test('a bucket and a database of an old version belong together without any step, and are cleaned', async () => {
    const S3_PREFIX = 'old/'
    const DATABASE_URL = await emptyDatabase()
    const DATA_DIR = temporaryFolder()
    const { kept: link, over } = await givenOldDatabase(
      isPostgres()
        ? { kind: 'postgres', url: DATABASE_URL }
        : { kind: 'sqlite', file: join(DATA_DIR, 'mayfly.db'), syncEachCommit: false },
    )
    for (const { blobKey, content } of [link, over])
      await client().send(new PutObjectCommand({ Bucket: s3.bucket, Key: S3_PREFIX + blobKey, Body: content }))

    const app = await start({ S3_PREFIX, DATABASE_URL, DATA_DIR })

    expect(await app.maintenance.clean()).toMatchObject({ deletedFiles: 1, orphans: { quarantined: { blobs: 0 } } })
    expect(await (await fetch(app.url + link.path)).text()).toBe(link.content)
    expect(await kept(S3_PREFIX)).toEqual({ objects: 2, uploads: 0 }) // a file and the store's id
  })

  test('a new database in front of a bucket of an old version deletes nothing in it', async () => {
    const S3_PREFIX = 'foreign/'
    for (const Key of [newBlobKey(), newBlobKey()].map((key) => S3_PREFIX + key))
      await client().send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: 'of another database' }))
    const app = await start({ S3_PREFIX })

    app.advance(2 * 24 * 3_600_000)
    await expect(app.maintenance.clean()).rejects.toMatchObject({ kind: 'conflict' })

    expect(await kept(S3_PREFIX)).toEqual({ objects: 2, uploads: 0 })
  })

  test('an object without a row is in quarantine for a day', async () => {
    const S3_PREFIX = 'orphans/'
    const { app, db } = await makeAppWithDatabase(onS3({ S3_PREFIX }))
    await app.storeOwnership.assertOwned()
    const { url } = await givenFile(app, {}, 'bytes')
    const { blobKey } = await db.selectFrom('files').select('blobKey').executeTakeFirstOrThrow()
    await db.updateTable('files').set({ blobKey: null }).execute()

    app.advance(25 * 3_600_000)
    await app.maintenance.clean()
    expect(await kept(`${S3_PREFIX}quarantine/`)).toEqual({ objects: 1, uploads: 0 })
    await db.updateTable('files').set({ blobKey }).execute()
    expect((await app.maintenance.clean()).orphans.restored).toBe(1)
    expect(await (await fetch(url)).text()).toBe('bytes')

    await db.updateTable('files').set({ blobKey: null }).execute()
    await app.maintenance.clean()
    app.advance(25 * 3_600_000)
    expect((await app.maintenance.clean()).orphans).toMatchObject({ blobs: 1, bytes: 5 })
    expect(await kept(S3_PREFIX)).toEqual({ objects: 1, uploads: 0 })
  })

  function client(): S3Client {
    const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }
    const opened = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials, forcePathStyle: true })
    onTestFinished(() => opened.destroy())
    return opened
  }

  async function kept(Prefix = '') {
    const { KeyCount } = await client().send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix }))
    const { Uploads = [] } = await client().send(new ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix }))
    return { objects: KeyCount, uploads: Uploads.length }
  }
})
