import { expect, test } from 'vitest'
import { createSlots } from '../../../../server/images/pipeline/slots.ts'
import { createVideoIntake } from '../../../../server/images/video-intake.ts'
import { StorageError } from '../../../../storage/storage-error.ts'

const LIMITS = { parallelism: 1, queueLimit: 1, waitMs: 30_000, timeoutMs: 30_000 }
const silent = { error: () => {} }
const video = (readPart: () => Promise<Buffer>) => ({ format: 'mp4' as const, size: 1000, readPart })

test('when too many videos wait, one is refused, not left as it came', async () => {
  const videos = createVideoIntake({ slots: createSlots(LIMITS), log: silent })
  const { promise, resolve } = Promise.withResolvers<Buffer>()

  const first = videos.inspect(video(() => promise))
  const second = videos.inspect(
    video(() => promise),
    { network: 'other', gone: new AbortController().signal },
  )
  const third = videos.inspect(video(() => promise))
  const fourth = videos.inspect(video(() => promise))

  await expect(fourth).rejects.toMatchObject({ kind: 'unavailable', retryAfterSeconds: 60 })
  resolve(Buffer.alloc(1000))
  const reports = (await Promise.all([first, second, third])).map(({ report }) => report.status)
  expect(reports).toEqual(['unchanged', 'unchanged', 'unchanged'])
})

test('a store that fails is no fault of the video', async () => {
  const videos = createVideoIntake({ slots: createSlots(LIMITS), log: silent })
  const failing = video(() => Promise.reject(new StorageError('unavailable')))
  const broken = video(() => Promise.reject(new Error('EIO')))

  await expect(videos.inspect(failing)).rejects.toMatchObject({ kind: 'unavailable' })
  await expect(videos.inspect(broken)).rejects.toMatchObject({ kind: 'unavailable' })
})
