import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { Transact } from '../../../server/database/transact.ts'
import { createImageSpool } from '../../../server/images/image-spool.ts'
import type { Derived } from '../../../server/images/pipeline/derive.ts'
import type { ImagePipeline } from '../../../server/images/pipeline/image-pipeline.ts'
import { createSlots } from '../../../server/images/pipeline/slots.ts'
import { createVariants } from '../../../server/images/variants.ts'
import { createVariantsRepo } from '../../../server/images/variants-repo.ts'
import { createUploadsRepo } from '../../../server/uploads/uploads-repo.ts'
import { openStore } from '../../../storage/open-store.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { blobsOf, givenImageFile, logo, spooled } from './given.ts'

/** The service beside the real application, on its database and blobs, with a pipeline that can be counted and held back. */
async function givenVariants(derive: ImagePipeline['derive']) {
  const { app, db, prepare } = await makeAppWithDatabase()
  const { file, upload } = await givenImageFile(app, await logo('#ff0000'), 'logo.png')
  const transact: Transact = (work) => db.transaction().execute(work)
  const log = { error: () => {} }
  const blobs = await openStore({ kind: 'local', directory: resolve(app.dataDir, 'files'), durability: 'process' })
  const stored = await createUploadsRepo({ db, prepare, transact }).findFile(file.id)
  if (!stored) throw new Error('the file is not there')
  const make = () =>
    createVariants({
      pipeline: { derive },
      spool: createImageSpool({ folder: resolve(app.dataDir, 'pictures'), log }),
      repo: createVariantsRepo({ db, transact }),
      blobs,
      assertFreeSpace: async () => {},
      clock: () => now++,
      log,
      slots: createSlots({ parallelism: 2, queueLimit: 3, waitMs: 30_000, timeoutMs: 30_000 }),
      maxBytes: stored.size,
    })
  return { app, upload, file: stored, make }
}

const derived = (text: string): Derived => ({
  bytes: Buffer.from(text),
  contentType: 'image/webp',
  dimensions: [64, 64],
})
let now = Date.now()
const stranger = { isAdmin: false }

test('an image that many ask for at once is computed once, and later not at all', async () => {
  let computed = 0
  const { file, make } = await givenVariants(async () => {
    computed += 1
    return derived('once')
  })
  const variants = make()

  const asked = await Promise.all(Array.from({ length: 20 }, () => variants.get(file, { width: 64 }, stranger)))
  await variants.get(file, { width: 64, fit: 'cover', format: 'png', still: true }, stranger) // the same, in other words

  expect(computed).toBe(1)
  expect(new Set(asked.map(({ blobKey }) => blobKey)).size).toBe(1)
})

test('of two replicas that make the same image, one keeps it and the other throws its own away', async () => {
  const both = Promise.withResolvers<void>()
  let waiting = 0
  const { app, file, make } = await givenVariants(async () => {
    waiting += 1
    if (waiting === 2) both.resolve()
    await both.promise
    return derived(`copy ${waiting}`)
  })

  const [one, other] = await Promise.all([
    make().get(file, { width: 64 }, stranger),
    make().get(file, { width: 64 }, stranger),
  ])

  expect(one).toEqual(other)
  expect(blobsOf(app)).toHaveLength(2)
})

test('a file keeps its last 64 variants, so that they can’t fill the disk', async () => {
  const { app, file, make } = await givenVariants(async () => derived('small'))
  const variants = make()
  const widths = Array.from({ length: 66 }, (_, index) => index + 1)

  for (const width of widths) await variants.get(file, { width }, { isAdmin: true })

  expect(blobsOf(app)).toHaveLength(65)
})

test('when too many requests wait for images the next is asked to retry, and no copy is made for it', async () => {
  const held = Promise.withResolvers<void>()
  const { app, file, make } = await givenVariants(async () => {
    await held.promise
    return derived('patience')
  })
  const variants = make()
  const waiting = [1, 2, 3, 4, 5].map((width) => variants.get(file, { width }, { isAdmin: true }))
  await expect.poll(() => spooled(app).length).toBe(2)

  const refused = { kind: 'unavailable', retryAfterSeconds: 5 }
  await expect(variants.get(file, { width: 6 }, { isAdmin: true })).rejects.toMatchObject(refused)

  held.resolve()
  expect(await Promise.all(waiting)).toHaveLength(5)
})

test('of a file that is too big no copy is made', async () => {
  const { file, make } = await givenVariants(async () => derived('never'))

  await expect(make().get({ ...file, size: file.size + 1 }, { width: 64 }, stranger)).rejects.toMatchObject({
    kind: 'not_acceptable',
  })
  expect(await make().get(file, { width: 64 }, stranger)).toMatchObject({ size: 5 })
})

test('an image that is made while its file is removed leaves nothing', async () => {
  let removed: Promise<unknown> = Promise.resolve()
  const { app, upload, file, make } = await givenVariants(async () => {
    const headers = { 'X-UploadToken': upload.uploadToken }
    removed = fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })
    await removed
    return derived('too late')
  })

  await expect(make().get(file, { width: 64 }, stranger)).rejects.toMatchObject({ kind: 'not_found' })

  await app.maintenance.clean()
  expect(blobsOf(app)).toEqual([])
  expect(spooled(app)).toEqual([])
})
