import { expect, test } from 'vitest'
import { createClaimsRepo } from '../../../server/downloads/claims-repo.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

/** What two processes do at the same moment, one step after the other. */

const CLAIMANT = { downloaderId: 'one', scope: 'file' }
const WANTED = { start: 0, length: 5, isLook: false, maxBytes: 100 }
const NOW = Date.now()
const leaseOf = (busyUntil: number) => ({ busyUntil, expiresAt: NOW + 60_000 })

async function givenClaims() {
  const { app, db, transact } = await makeAppWithDatabase()
  const { file } = await givenFile(app, { maxDownloads: 2 })
  const repo = createClaimsRepo({ db, transact })
  const take = () => repo.take([file.id], 2, CLAIMANT, WANTED, leaseOf(1), NOW)
  return { db, file, repo, take }
}

test('a lease that was renewed after it was seen is not taken', async () => {
  const { repo, take } = await givenClaims()
  const { claims } = await take()
  const seen = await repo.listBusy()
  const handover = { transfer: 'transfer', first: 0, last: 1 }

  await repo.renew(claims, { handover, handedOut: 2 }, leaseOf(2))
  await repo.takeLeases(seen)

  expect(await repo.listBusy()).toEqual([{ id: claims[0]?.id, mark: 2 }])
})

test('a file that was removed after it was looked up gives no claim', async () => {
  const { db, file, repo, take } = await givenClaims()

  await db.updateTable('files').set({ status: 'removed' }).where('id', '=', file.id).execute()

  await expect(take()).rejects.toMatchObject({ kind: 'not_found' })
  expect(await repo.listBusy()).toEqual([])
})
