import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { filmFile } from '../../helpers/boxes.ts'
import { iphoneFilm, PICTURES } from '../../helpers/films.ts'
import { secretsIn, storedPixels } from '../../helpers/images.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { isInstalled } from '../../helpers/programs.ts'
import { type S3Bucket, s3Settings } from '../../helpers/s3-server.ts'
import { sharedBucket } from '../../helpers/shared-bucket.ts'
import { download, givenImageFile, phonePhoto } from './given.ts'

/** `tests/storage/s3-store.test.ts` says loudly when there is no such server. */
describe.skipIf(!isInstalled('ceph'))('with the bytes in a bucket', () => {
  let s3: S3Bucket

  beforeAll(async () => {
    s3 = await sharedBucket()
  })

  test('a photo loses its position, can be downloaded smaller, and is deleted with its variants', async () => {
    const app = await makeApp({ ...s3Settings(s3) })
    await app.maintenance.clean() // gives the bucket its id, as a start does
    const photo = await phonePhoto()

    const { upload, url } = await givenImageFile(app, photo)
    const delivered = await download(url)
    const derived = await download(`${url}?format=webp&width=64`)
    const again = await download(`${url}?format=webp&width=64`)

    expect(secretsIn(delivered)).toEqual([])
    expect(await storedPixels(delivered)).toEqual(await storedPixels(Buffer.from(photo)))
    expect((await sharp(derived).metadata()).format).toBe('webp')
    expect(again.equals(derived)).toBe(true)
    expect(await objects()).toBe(3) // the store's id is one

    const headers = { 'X-UploadToken': upload.uploadToken }
    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })
    await app.maintenance.clean()

    expect(await objects()).toBe(1) // the store's id
  })

  test('a video loses its position, and the received bytes are deleted', async () => {
    const app = await makeApp({ ...s3Settings(s3) })
    const film = filmFile(iphoneFilm({ index: 'last' }))
    const before = await objects()

    const { file, url } = await givenImageFile(app, film, 'film.mov')

    const delivered = await download(url)
    expect(file).toMatchObject({ media: { status: 'stripped' } })
    expect([secretsIn(delivered), delivered.includes('+52.5')]).toEqual([[], false])
    for (const image of PICTURES) expect(delivered.indexOf(image)).toBe(film.indexOf(image))
    expect(await objects()).toBe(before + 1)
  })

  async function objects(): Promise<number> {
    const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }
    const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials, forcePathStyle: true })
    const { KeyCount = 0 } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }))
    return KeyCount
  }
})
