export interface AddressHeaders {
  contentType: string
  contentDisposition: string
  cacheControl: string
}

/**
 * The interface of the store of bytes. A blob is written once under a random key, read in whole or in part, and deleted; it never
 * changes. Drivers: `local-store.ts`, `s3-store.ts`; both pass `tests/contract/blob-store.ts`.
 */
export interface BlobStore {
  /**
   * Stores `bytes` under `key` and returns their count. The blob is invisible until it is whole, and as far as the
   * driver's durability setting promises, it is safe from a power cut when the promise resolves. When `bytes` throws or
   * `signal` aborts, that error is rethrown and nothing stays behind. A key that exists already is an error.
   * A chunk belongs to the store from the moment it is yielded.
   * Throws `insufficient_storage` when the disk is full, `unavailable` when the back end can't be reached.
   */
  put(key: BlobKey, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number>

  /**
   * Creates a blob from the file at `path` without copying it, with the guarantees of `put`; the file stays in place and must not
   * be changed any more. Returns false, and does nothing, if the store can't do this. Throws `not_found` if there is no such
   * file.
   */
  adopt(key: BlobKey, path: string): Promise<boolean>

  /**
   * Opens a blob, or the given `range` of it. Rejects with `not_found` before the first chunk if the key is unknown, and with an
   * ordinary error if `range` does not fit the blob. If the blob turns out to be shorter later, iterating throws; it never ends
   * early without an error. A chunk is valid only until the next one is requested, since buffers are pooled. `Readable.from` and
   * `pipeline` request too early, while the chunk may still be on its way to the socket: wait for the callback of `write`. The
   * blob stays open until the iteration ends or is stopped (`break`, `return()`), even if it was never started.
   */
  get(key: BlobKey, range?: ByteRange): Promise<AsyncIterableIterator<Buffer>>

  /**
   * Resumes a blob that is written in several requests, at the state `from`; absent: from its first byte. Anything written after
   * `from` is discarded. The blob is invisible until `finish`. The caller ensures that there is only one writer at a time. Throws
   * `not_found` if the partial blob no longer exists: it was finished or deleted, or its last write never reached the disk.
   */
  openPartial(key: BlobKey, from?: PartialBlob): Promise<PartialWriter>

  /**
   * Takes a partial blob over from a writer that did not release it and may still write. Returns the state to continue from,
   * under `key` or under `newKey`, which that writer can't reach. If it is `newKey`, the caller deletes the old partial blob
   * (`deletePartial`) after recording the new key. This method, or `openPartial` afterwards, throws `not_found` like
   * `openPartial`.
   */
  seizePartial(key: BlobKey, from: PartialBlob | undefined, newKey: BlobKey): Promise<SeizedPartial>

  /**
   * Deletes the data of a blob that will not be finished; without `from`, data written before the first checkpoint is deleted by
   * the next sweep at the latest. Unknown keys are no error; a finished blob is not changed.
   */
  deletePartial(key: BlobKey, from?: PartialBlob): Promise<void>

  /** Size in bytes, or undefined when there is no such blob. */
  size(key: BlobKey): Promise<number | undefined>

  /** Path of a blob below the folder of the store, for a proxy that sends the file; undefined: the store is not a folder. */
  pathInFolder(key: BlobKey): string | undefined

  /** An address where anybody may read a blob for some minutes, with these headers; undefined: the store has none. */
  addressOf(key: BlobKey, headers: AddressHeaders): Promise<string | undefined>

  /** Deletes a blob. An unknown key is no error, so a purge can be repeated. A reader that opened it before is left in peace. */
  delete(key: BlobKey): Promise<void>

  /** Lists all blobs in no particular order; blobs that are added or deleted meanwhile may be missing. */
  list(): AsyncIterable<BlobInfo>

  /**
   * Deletes what interrupted writes left behind (temporary files, unfinished multipart uploads), if nothing was added to it since
   * `before` (epoch ms), it does not belong to a write of this process, and it is no partial blob for which `isWanted` returns
   * true.
   */
  sweep(before: number, isWanted?: (key: BlobKey) => Promise<boolean>): Promise<{ count: number; bytes: number }>

  /** Holds orphans, blobs without a row, until they are deleted. */
  quarantine: Quarantine

  /** The id that the database compares to recognise its store; undefined: none was written yet. */
  readId(): Promise<string | undefined>

  /** Replaces the id durably. `id` matches `[A-Za-z0-9]+`. */
  writeId(id: string): Promise<void>

  /** Free space in bytes, or undefined if the back end does not report it. */
  freeBytes(): Promise<number | undefined>

  /** Checks that the store can be used, for readiness probes. Throws `unavailable`. */
  check(): Promise<void>

  close(): Promise<void>
}

/** Blobs in quarantine can't be read and aren't listed by `BlobStore.list`. Every method may run twice, and on several replicas at once. */
export interface Quarantine {
  /** Moves a blob into quarantine. Returns false if there is no such blob. */
  add(key: BlobKey): Promise<boolean>
  /** Moves a blob back. Returns false if it is not in quarantine. */
  restore(key: BlobKey): Promise<boolean>
  /** Every blob in quarantine; `modifiedAt` is never before the time it was moved here. */
  list(): AsyncIterable<BlobInfo>
  /** Deletes it permanently. An unknown key is no error. */
  delete(key: BlobKey): Promise<void>
}

/** The state of an unfinished blob. The caller stores it until the next `openPartial`. */
export interface PartialBlob {
  /** Number of bytes that are as durable as a finished blob. */
  size: number
  /** Data of the driver, as text. */
  notes: string
}

export interface SeizedPartial {
  key: BlobKey
  /** Absent: no bytes were durable. */
  from: PartialBlob | undefined
}

/** After `pause` or `finish`, whether or not they succeed, nothing else may be called. A failed write makes every later call throw. */
export interface PartialWriter {
  /** Adds a chunk, which belongs to the store from then on. Returns a promise if the caller has to wait before the next chunk. */
  add(chunk: Uint8Array): Promise<void> | undefined
  /** Makes the added bytes durable as far as the driver can, and returns the new state. Chunks may be added meanwhile. */
  checkpoint(): Promise<PartialBlob>
  /** Makes all bytes durable and stops for now. */
  pause(): Promise<PartialBlob>
  /** Turns it into a finished blob, with the guarantees of `put`, and returns its size. */
  finish(): Promise<number>
}

/** 32 characters of `[0-9a-f]`. Generated by the server, never by a client: a key is also part of a path. */
export type BlobKey = string

/** Both ends inclusive, in bytes, as in HTTP: `0 <= start <= end < size`. */
export interface ByteRange {
  start: number
  end: number
}

export interface BlobInfo {
  key: BlobKey
  size: number
  /** Epoch ms; never before the blob was complete, so that a new one is not mistaken for an orphan. */
  modifiedAt: number
}

/** What is guaranteed when `put` resolves: `full` survives a power cut, `process` survives a crash of the process. */
export type Durability = 'full' | 'process'
