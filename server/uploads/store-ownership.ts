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

/** Keys are random, so the first blobs of a listing are a fair sample. */
const SAMPLE = 1_000
/**
 * The share of unknown blobs that is accepted while the store has no id: a crash may leave a few, and one in the smallest
 * store.
 */
const UNKNOWN_SHARE = 0.1
const ALWAYS_ALLOWED = 1

export type StoreOwnership = ReturnType<typeof createStoreOwnership>

/**
 * Checks that the store belongs to this database; both hold the same id. To any other database every blob looks like an
 * orphan, so everything that deletes blobs calls this first, and so does an import before it adds any.
 */
export function createStoreOwnership({ repo, knownBlobs, blobs }: Dependencies) {
  /** Throws `conflict` if the database and the store do not belong together, or if that is unknown. */
  async function assertOwned(): Promise<void> {
    const { database, store } = await readIds()
    if (store === undefined && (await knowsBlobs())) return pair(database)
    const now = store === undefined ? await readIds() : { database, store } // another request may have paired them, and deleted blobs since
    if (now.store === undefined || now.database !== now.store) throw notOwned()
  }

  async function readIds(): Promise<{ database: string | undefined; store: string | undefined }> {
    const store = await blobs.readId() // first, since replicas that start at once write it last
    return { database: await repo.find(), store }
  }

  /** The store has no id: it is new, was used by a version without ids, or is a copy that lacks it. */
  async function pair(databaseId: string | undefined): Promise<void> {
    try {
      await blobs.writeId(databaseId ?? (await repo.add(newId())))
    } catch (error) {
      // A full disk must not keep the server from making room.
      if (kindOf(error) !== 'insufficient_storage') throw error
    }
  }

  /**
   * Whether the database knows nearly all blobs, and the oldest of them: a new database in front of older blobs gradually
   * knows more of them, but never the oldest. True if there are none.
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

  /** Assigns the store to this database: from then on, no other database deletes anything in it. */
  async function adopt(): Promise<string> {
    const id = (await repo.find()) ?? (await repo.add(newId()))
    await blobs.writeId(id)
    return id
  }

  return { assertOwned, readIds, adopt }
}

const ADOPT = 'mayfly store adopt'

const notOwned = () => new AppError('store_mismatch', { command: ADOPT })
