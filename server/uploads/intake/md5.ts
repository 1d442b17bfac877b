import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { moduleFile } from '../../lib/program-files.ts'

/**
 * Plik's clients need an MD5 of every file, the slowest of the three digests: 1.55 CPU seconds per GiB, compared with
 * 0.69 for SHA-256 and 0.27 for CRC-32 (2 cores, Node 26). A thread of its own keeps it off the thread that serves all
 * requests. A file that fits one batch is digested in place, since passing it to the thread would cost more.
 */
const BATCH_BYTES = 256 * 1024
/** How many batches of one upload may wait for the thread before its sender has to wait. */
const MAX_BATCHES_WAITING = 2

/** A message to the thread about an upload; it answers `bytes` and `end`, in order. */
export type Order = { upload: number } & ({ kind: 'bytes'; bytes: Uint8Array } | { kind: 'end' } | { kind: 'drop' })

export interface Answer {
  upload: number
  /** The memory of `bytes`, for reuse: two garbage collectors would free it too late. */
  memory: ArrayBuffer | undefined
  /** Hexadecimal, on `end`. */
  md5: string | undefined
}

export interface Md5 {
  /** `chunk` must not change until `digest`. If it returns a promise, await it before the next chunk. */
  update(chunk: Uint8Array): Promise<void> | undefined
  /** Hexadecimal. */
  digest(): Promise<string>
  /** Discards the state of an aborted upload. */
  drop(): void
}

/** Used when MD5 is switched off. */
export const NO_MD5: Md5 = { update: () => undefined, digest: async () => '', drop: () => {} }

export function createMd5(): Md5 {
  let batch: Uint8Array[] = []
  let batchBytes = 0
  let remote: RemoteMd5 | undefined

  function update(chunk: Uint8Array): Promise<void> | undefined {
    batch.push(chunk)
    batchBytes += chunk.byteLength
    return batchBytes >= BATCH_BYTES ? sendBatch() : undefined
  }

  function sendBatch(): Promise<void> | undefined {
    remote ??= openRemote()
    const bytes = batchMemory(batchBytes)
    batch.reduce((offset, chunk) => {
      bytes.set(chunk, offset)
      return offset + chunk.byteLength
    }, 0)
    batch = []
    batchBytes = 0
    return remote.update(bytes)
  }

  async function digest(): Promise<string> {
    if (!remote) return batch.reduce((hash, chunk) => hash.update(chunk), createHash('md5')).digest('hex')
    if (batchBytes > 0) await sendBatch()
    return remote.digest()
  }

  return { update, digest, drop: () => remote?.drop() }
}

interface RemoteMd5 {
  update(bytes: Uint8Array): Promise<void> | undefined
  digest(): Promise<string>
  drop(): void
}

interface Waiting {
  resolve: (md5: string) => void
  reject: (error: Error) => void
}

/** Fits every batch, which is at most one chunk of 64 KiB larger than `BATCH_BYTES`. */
const BATCH_MEMORY_BYTES = BATCH_BYTES + 64 * 1024
const MAX_IDLE_MEMORY = 8
const idleMemory: ArrayBuffer[] = []

/** Memory that is transferred to the thread and returned with its answer. */
function batchMemory(length: number): Uint8Array<ArrayBuffer> {
  if (length > BATCH_MEMORY_BYTES) return new Uint8Array(length)
  return new Uint8Array(idleMemory.pop() ?? new ArrayBuffer(BATCH_MEMORY_BYTES), 0, length)
}

function keepMemory(memory: ArrayBuffer | undefined): void {
  if (memory?.byteLength === BATCH_MEMORY_BYTES && idleMemory.length < MAX_IDLE_MEMORY) idleMemory.push(memory)
}

let thread: Worker | undefined
let lastUpload = 0
/** Unanswered orders of all uploads, including dropped ones. */
let unanswered = 0
/** Unanswered orders of each upload, oldest first. */
const waiting = new Map<number, Waiting[]>()

/**
 * Computes one digest on the thread. The thread starts with the first digest and keeps the process alive only while it
 * has work.
 */
function openRemote(): RemoteMd5 {
  thread ??= startThread()
  const mine = thread
  const upload = ++lastUpload
  const queue: Waiting[] = []
  waiting.set(upload, queue)

  function send(order: Order, transfer: ArrayBuffer[] = []): Promise<string> {
    return new Promise((resolve, reject) => {
      if (mine !== thread) return reject(broken())
      if (unanswered++ === 0) mine.ref()
      mine.postMessage(order, transfer)
      queue.push({ resolve, reject })
    })
  }

  function update(bytes: Uint8Array): Promise<void> | undefined {
    const taken = send({ upload, kind: 'bytes', bytes }, [bytes.buffer as ArrayBuffer])
    taken.catch(() => {}) // `digest` reports the error
    return queue.length > MAX_BATCHES_WAITING ? taken.then(() => {}) : undefined
  }

  function drop(): void {
    waiting.delete(upload)
    mine.postMessage({ upload, kind: 'drop' } satisfies Order)
  }

  return { update, digest: () => send({ upload, kind: 'end' }).finally(() => waiting.delete(upload)), drop }
}

/** The thread holds only the state of digests. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }

function startThread(): Worker {
  const worker = new Worker(moduleFile('server/uploads/intake/md5-worker'), { resourceLimits: THREAD_LIMITS })
  worker.on('message', ({ upload, md5 = '', memory }: Answer) => {
    if (--unanswered === 0) worker.unref()
    keepMemory(memory)
    waiting.get(upload)?.shift()?.resolve(md5)
  })
  worker.on('error', (cause) => {
    thread = undefined
    unanswered = 0
    for (const queue of waiting.values()) for (const { reject } of queue.splice(0)) reject(broken(cause))
  })
  worker.unref() // after `on`, which would undo it
  return worker
}

const broken = (cause?: unknown) => new Error('the digest thread broke', { cause })
