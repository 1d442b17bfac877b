import type { BlobInfo, BlobStore } from '../../storage/blob-store.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { StoreIdRepo } from './store-id-repo.ts'
import type { UploadsRepo } from './uploads-repo.ts'

interface Dependencies {
  repo: StoreIdRepo
  knownBlobs: UploadsRepo['knownBlobs']
  blobs: Pick<BlobStore, 'list' | 'readId' | 'writeId'>
}

/** Keys are random, so the first blobs of a listing say enough about all of them. */
const SAMPLE = 1_000
/** How much of them may be unknown to the database when the store has no id yet: a crash leaves a few, and one in any store. */
const UNKNOWN_SHARE = 0.1
const ALWAYS_ALLOWED = 1

export type StoreOwnership = ReturnType<typeof createStoreOwnership>

/**
 * Whether the database is the one that the stored blobs belong to. To any other database each blob looks like an orphan, so
 * everything that deletes blobs asks here first, and an import before it adds some. Both sides hold the same id.
 */
export function createStoreOwnership({ repo, knownBlobs, blobs }: Dependencies) {
  /** Throws `conflict` when database and store don't belong together, or nobody can say. */
  async function assertOwned(): Promise<void> {
    const { database, store } = await readIds()
    if (store === undefined) return pair(database)
    if (database !== store) throw notOwned()
  }

  async function readIds(): Promise<{ database: string | undefined; store: string | undefined }> {
    const store = await blobs.readId() // first, since replicas that start at once write it last
    return { database: await repo.find(), store }
  }

  /** The store has no id: it is new, from a version that knew none, or a copy that lacks it. */
  async function pair(databaseId: string | undefined): Promise<void> {
    if (!(await knowsBlobs())) throw notOwned()
    try {
      await blobs.writeId(databaseId ?? (await repo.add(newId())))
    } catch (error) {
      // A full disk must not keep the server from making room.
      if (kindOf(error) !== 'insufficient_storage') throw error
    }
  }

  /**
   * Whether the database knows nearly all blobs, and the oldest of them: a new database in front of older blobs gets to know
   * more and more, but never those. True when there are none.
   */
  async function knowsBlobs(): Promise<boolean> {
    const sample: BlobInfo[] = []
    for await (const blob of blobs.list()) if (sample.push(blob) === SAMPLE) break
    const known = await knownBlobs(sample.map(({ key }) => key))
    const unknown = sample.filter(({ key }) => !known.has(key))
    if (unknown.length > Math.max(ALWAYS_ALLOWED, sample.length * UNKNOWN_SHARE)) return false
    const oldestKnown = Math.min(...sample.filter(({ key }) => known.has(key)).map(({ modifiedAt }) => modifiedAt))
    return unknown.every(({ modifiedAt }) => modifiedAt > oldestKnown)
  }

  /** Gives the store to this database: from then on, no other database deletes anything in it. */
  async function adopt(): Promise<string> {
    const id = (await repo.find()) ?? (await repo.add(newId()))
    await blobs.writeId(id)
    return id
  }

  return { assertOwned, readIds, adopt }
}

const ADOPT = 'mayfly store adopt'

const notOwned = () => new AppError('store_mismatch', { command: ADOPT })
