import { expect, test, vi } from 'vitest'
import { createMaintenance } from '../../../server/jobs/maintenance.ts'
import { AppError } from '../../../server/lib/errors.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { waitFor } from '../../helpers/wait.ts'

/** A maintenance whose work is done by stand-ins that note what they were asked for. */
function givenMaintenance() {
  const expiry = {
    expire: vi.fn(async () => 0),
    deleteBlobs: vi.fn(async () => ({ files: 0, bytes: 0 })),
    deleteMetadata: vi.fn(async () => 0),
    findAbandoned: vi.fn(async () => []),
    endUnfinished: vi.fn(async () => ({ count: 0, bytes: 0 })),
    removeUnfinished: vi.fn(async () => ({ count: 0, bytes: 0 })),
    purgeAbandoned: vi.fn(async () => 0),
    removeOrphans: vi.fn(async () => ({ blobs: 0, bytes: 0, quarantined: { blobs: 0, bytes: 0 }, restored: 0 })),
    freeSpace: vi.fn(async () => {}),
  }
  const log = { info: vi.fn(), error: vi.fn() }
  const maintenance = createMaintenance({ expiry, expireClaims: async () => 0, leaseWatches: [], log })
  return { expiry, log, maintenance }
}

test('a start cleans at once what the last process left', async () => {
  const app = await makeApp()
  await app.maintenance.clean() // gives the store its id, as the first start of a server does
  const { upload } = await givenFile(app, { ttl: 60 })
  app.advance(2 * 3_600_000)

  await app.jobEngine.agent.start()

  const answer = async () => (await fetch(`${app.url}/upload/${upload.id}`)).text()
  await waitFor(async () => expect(await answer()).toBe(`upload ${upload.id} not found\n`))
})

test('runs never overlap, and a call during a run waits for the next one, which starts after the call', async () => {
  const { expiry, maintenance } = givenMaintenance()
  const { promise, resolve } = Promise.withResolvers<number>()
  expiry.expire.mockReturnValueOnce(promise)

  const first = maintenance.purge()
  await waitFor(() => expect(expiry.expire).toHaveBeenCalledTimes(1))
  const others = [maintenance.purge(), maintenance.purge()]
  expect(expiry.expire).toHaveBeenCalledTimes(1)
  resolve(3)

  expect((await first).expired).toBe(3)
  expect((await Promise.all(others)).map(({ expired }) => expired)).toEqual([0, 0])
  expect(expiry.expire).toHaveBeenCalledTimes(2)
})

test('a run in the background that fails is logged, and the next one takes place', async () => {
  const { expiry, log, maintenance } = givenMaintenance()
  expiry.deleteBlobs.mockRejectedValueOnce(new Error('no'))

  maintenance.deleteBlobsSoon()
  await waitFor(() => expect(log.error).toHaveBeenCalledWith({ err: new Error('no') }, 'maintenance failed'))
  maintenance.deleteBlobsSoon()

  await waitFor(() => expect(expiry.deleteBlobs).toHaveBeenCalledTimes(2))
  expect(log.error).toHaveBeenCalledTimes(1)
})

test('with no room to note anything, space is made first and the purge done then', async () => {
  const { expiry, maintenance } = givenMaintenance()
  expiry.expire.mockRejectedValueOnce(new AppError('no_space'))

  await maintenance.purge()

  expect(expiry.freeSpace).toHaveBeenCalledTimes(1)
  expect(expiry.expire).toHaveBeenCalledTimes(2)
})

test('a stop ends the deletion that is under way, and does not wait for one that hangs', async () => {
  const { expiry, log, maintenance } = givenMaintenance()
  const { promise } = Promise.withResolvers<{ files: number; bytes: number }>()
  expiry.deleteBlobs.mockReturnValueOnce(promise)
  maintenance.deleteBlobsSoon()
  await waitFor(() => expect(expiry.deleteBlobs).toHaveBeenCalledTimes(1))
  const startedAt = performance.now()

  await maintenance.close()

  const [{ signal }] = expiry.deleteBlobs.mock.calls[0] as unknown as [{ signal: AbortSignal }]
  expect(signal.aborted).toBe(true)
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  expect(log.error).toHaveBeenCalledTimes(1)
})
