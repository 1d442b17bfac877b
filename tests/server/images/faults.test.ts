import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createImageIntake } from '../../../server/images/image-intake.ts'
import { createImageSpool } from '../../../server/images/image-spool.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { logo } from './given.ts'

const silent = { error: () => {} }

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function givenIntake(error: Error) {
  const spool = createImageSpool({ folder: join(temporaryFolder(), 'pictures'), log: silent })
  const pipeline = { normalise: () => Promise.reject(error) }
  return createImageIntake({ pipeline, spool, log: silent })
}

test('an image that the server fails to work on is refused rather than stored as it came, whatever the failure', async () => {
  const image = await logo('#ff0000')
  const intake = givenIntake(new Error('ENOENT: /data/pictures/secret-path'))
  let isStored = false

  const treated = intake.treat(only(image), undefined, async () => {
    isStored = true
  })

  await expect(treated).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'the server could not clean this image, please try again',
    retryAfterSeconds: 60,
  })
  expect(isStored).toBe(false)
})

test('a full disk is called so, and leaves nothing in the spool', async () => {
  const folder = join(temporaryFolder(), 'pictures')
  const spool = createImageSpool({ folder, log: silent })
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

  await expect(spool.lend(() => Promise.reject(full))).rejects.toMatchObject({
    kind: 'insufficient_storage',
    message: 'no space left on the server',
  })

  expect(await spool.sweep(Number.POSITIVE_INFINITY)).toEqual({ count: 0, bytes: 0 })
  spool.close()
})
