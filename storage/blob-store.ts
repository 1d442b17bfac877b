export interface AddressHeaders {
  contentType: string
  contentDisposition: string
  cacheControl: string
}

/**
 * The port behind which bytes live. A blob is written once under a random key, read in whole or in part, and deleted;
 * it never changes. Drivers: `local-store.ts`, `s3-store.ts`; both pass `tests/contract/blob-store.ts`.
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
   * Makes a blob of the file at `path` without copying it, under the promises of `put`; the file stays where it is and must not be
   * changed any more. False: that can not be done here, and nothing was. Throws `not_found` when there is no such file.
   */
  adopt(key: BlobKey, path: string): Promise<boolean>

  /**
   * Opens a blob, or the part of it that `range` names. Rejects with `not_found` before the first chunk when the key is
   * unknown, and with an ordinary error when `range` does not fit the blob. When the blob turns out shorter later,
   * iterating throws; it never ends early in silence. A chunk is valid only until the next one is asked for, since
   * buffers are pooled. `Readable.from` and `pipeline` ask too early, while the chunk may still be on its way to the
   * socket: wait for the callback of `write`. The blob stays open until the iteration ends or is stopped (`break`,
   * `return()`), even if it never began.
   */
  get(key: BlobKey, range?: ByteRange): Promise<AsyncIterableIterator<Buffer>>

  /**
   * Goes on with a blob that comes in over several requests, from where `from` says it was; absent: from its first byte. Whatever was
   * written after `from` is forgotten. Until `finish` the blob is invisible. One writer at a time, which is for the caller to see to.
   * Throws `not_found` when it is not there any more: it was finished, deleted, or its last write never reached the disk.
   */
  openPartial(key: BlobKey, from?: PartialBlob): Promise<PartialWriter>

  /**
   * Takes a partial blob away from a writer that did not release it: frozen or cut off, it may write at any time. Returns where to
   * continue, under `key` or under `newKey`, which that writer can't reach any more. If it is `newKey`, what was before is to be
   * deleted (`deletePartial`) once the new place is noted. It, or `openPartial` then, throws `not_found` as that does.
   */
  seizePartial(key: BlobKey, from: PartialBlob | undefined, newKey: BlobKey): Promise<SeizedPartial>

  /**
   * Deletes what was kept of a blob that will not be finished; without `from`, what was written before anything was noted goes with
   * the next sweep at the latest. Unknown ones are no error; a finished blob is left alone.
   */
  deletePartial(key: BlobKey, from?: PartialBlob): Promise<void>

  /** Size in bytes, or undefined when there is no such blob. */
  size(key: BlobKey): Promise<number | undefined>

  /** Where a blob lies below the folder of the store, for a proxy that sends it from there; undefined: the store is no folder. */
  pathInFolder(key: BlobKey): string | undefined

  /** An address where anybody may read a blob for some minutes, with these headers; undefined: the store has none. */
  addressOf(key: BlobKey, headers: AddressHeaders): Promise<string | undefined>

  /** Deletes a blob. An unknown key is no error, so a purge can be repeated. A reader that opened it before is left in peace. */
  delete(key: BlobKey): Promise<void>

  /** Every blob, in no particular order; blobs that come or go meanwhile may or may not be seen. */
  list(): AsyncIterable<BlobInfo>

  /**
   * Deletes what broken writes left behind (temporary files, unfinished multipart uploads), if nothing was added to it
   * since `before` (epoch ms), it does not belong to a write of this process, and it is no partial blob that `isWanted`.
   */
  sweep(before: number, isWanted?: (key: BlobKey) => Promise<boolean>): Promise<{ count: number; bytes: number }>

  /** Where blobs wait that no row refers to, until they are deleted. */
  quarantine: Quarantine

  /** The id by which a database knows its store; undefined: none was written yet. */
  readId(): Promise<string | undefined>

  /** Replaces the id, durably. `id` is `[A-Za-z0-9]+`. */
  writeId(id: string): Promise<void>

  /** Bytes that can still be stored, or undefined when the back end does not say. */
  freeBytes(): Promise<number | undefined>

  /** Proves that the store can be used, for readiness. Throws `unavailable`. */
  check(): Promise<void>

  close(): Promise<void>
}

/** Blobs in quarantine can't be read and aren't listed by `BlobStore.list`. Every method may run twice, and on several replicas at once. */
export interface Quarantine {
  /** Moves a blob here. False: there is no such blob. */
  add(key: BlobKey): Promise<boolean>
  /** Makes it an ordinary blob again. False: it is not in quarantine. */
  restore(key: BlobKey): Promise<boolean>
  /** Every blob in quarantine; `modifiedAt` is never before it was moved here. */
  list(): AsyncIterable<BlobInfo>
  /** Deletes it for good. An unknown key is no error. */
  delete(key: BlobKey): Promise<void>
}

/** A blob that is not whole yet. Its owner keeps this until the next `openPartial`. */
export interface PartialBlob {
  /** Bytes that are as safe as a finished blob. */
  size: number
  /** The driver's own notes, as text. */
  notes: string
}

export interface SeizedPartial {
  key: BlobKey
  /** Absent: nothing of it was safe. */
  from: PartialBlob | undefined
}

/** After `pause` or `finish`, whether or not they succeed, nothing else may be called. A failed write makes every later call throw. */
export interface PartialWriter {
  /** Takes a chunk, which belongs to the store from then on. A promise comes back when the next one must wait. */
  add(chunk: Uint8Array): Promise<void> | undefined
  /** Makes what was added so far safe, as far as the driver can, and says how much that is. Chunks may be added meanwhile. */
  checkpoint(): Promise<PartialBlob>
  /** Makes all of it safe and stops for now. */
  pause(): Promise<PartialBlob>
  /** Makes it the blob that it will be, under the promises of `put`, and returns its size. */
  finish(): Promise<number>
}

/** 32 characters of `[0-9a-f]`. Made by us, never by a caller: a key is also part of a path. */
export type BlobKey = string

/** Both ends inclusive, in bytes, as in HTTP: `0 <= start <= end < size`. */
export interface ByteRange {
  start: number
  end: number
}

export interface BlobInfo {
  key: BlobKey
  size: number
  /** Epoch ms; never before the blob was whole, so that a new one is not taken for an orphan. */
  modifiedAt: number
}

/** How much a store promises when `put` resolves: `full` survives a power cut, `process` survives the death of the process. */
export type Durability = 'full' | 'process'
