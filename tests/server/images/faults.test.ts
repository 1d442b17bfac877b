import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createPictureIntake } from '../../../server/images/picture-intake.ts'
import { createPictureSpool } from '../../../server/images/picture-spool.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { logo } from './given.ts'

const silent = { error: () => {} }

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function givenIntake(error: Error) {
  const spool = createPictureSpool({ folder: join(temporaryFolder(), 'pictures'), log: silent })
  const pipeline = { normalise: () => Promise.reject(error) }
  return createPictureIntake({ pipeline, spool, log: silent })
}

test('a picture is stored as it came when the server fails to work on it, whatever the failure', async () => {
  const picture = await logo('#ff0000')
  const intake = givenIntake(new Error('ENOENT: /data/pictures/secret-path'))

  const { stored, report } = await intake.treat('png', only(picture), async (bytes, report) => ({
    stored: Buffer.concat(await Array.fromAsync(bytes)),
    report,
  }))

  expect(stored).toEqual(Buffer.from(picture))
  expect(report).toEqual({
    format: 'png',
    status: 'unchanged',
    reason: 'the server could not work on it',
    removed: [],
    originalSize: picture.length,
  })
})

test('a full disk is called so, and leaves nothing in the spool', async () => {
  const folder = join(temporaryFolder(), 'pictures')
  const spool = createPictureSpool({ folder, log: silent })
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

  await expect(spool.lend(() => Promise.reject(full))).rejects.toMatchObject({
    code: 'insufficient_storage',
    message: 'no space left on the server',
  })

  expect(await spool.sweep(Number.POSITIVE_INFINITY)).toEqual({ count: 0, bytes: 0 })
  spool.close()
})
