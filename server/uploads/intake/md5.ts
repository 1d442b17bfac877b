import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { moduleFile } from '../../lib/program-files.ts'

/**
 * Plik's clients want an MD5 of every file, the slowest digest of the three: 1.55 CPU seconds a GiB, beside 0.69 for SHA-256
 * and 0.27 for CRC-32 (2 cores, Node 26). On a thread of its own it does not hold back the one that all requests share.
 * What fits one batch is digested in place: a trip to the thread would cost more.
 */
const BATCH_BYTES = 256 * 1024
/** How much of one upload waits for the thread before its sender does. */
const MAX_BATCHES_WAITING = 2

/** What the thread is told of an upload; it answers `bytes` and `end`, in order. */
export type Order = { upload: number } & ({ kind: 'bytes'; bytes: Uint8Array } | { kind: 'end' } | { kind: 'drop' })

export interface Answer {
  upload: number
  /** The memory of `bytes`, to be used again: left to the garbage collectors of two threads it would pile up. */
  memory: ArrayBuffer | undefined
  /** Hexadecimal, on `end`. */
  md5: string | undefined
}

export interface Md5 {
  /** `chunk` must not change until `digest`. A promise comes back when the next chunk should wait. */
  update(chunk: Uint8Array): Promise<void> | undefined
  /** Hexadecimal. */
  digest(): Promise<string>
  /** Ends an upload that broke off. */
  drop(): void
}

/** Of files whose MD5 nobody asks for. */
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

/** Batches of chunks of up to 64 KiB fit into one size. */
const BATCH_MEMORY_BYTES = BATCH_BYTES + 64 * 1024
const MAX_IDLE_MEMORY = 8
const idleMemory: ArrayBuffer[] = []

/** Memory that can be handed over to the thread, and comes back with its answer. */
function batchMemory(length: number): Uint8Array<ArrayBuffer> {
  if (length > BATCH_MEMORY_BYTES) return new Uint8Array(length)
  return new Uint8Array(idleMemory.pop() ?? new ArrayBuffer(BATCH_MEMORY_BYTES), 0, length)
}

function keepMemory(memory: ArrayBuffer | undefined): void {
  if (memory?.byteLength === BATCH_MEMORY_BYTES && idleMemory.length < MAX_IDLE_MEMORY) idleMemory.push(memory)
}

let thread: Worker | undefined
let lastUpload = 0
/** Orders of all uploads, also of those that were dropped meanwhile. */
let unanswered = 0
/** Unanswered orders of each upload, oldest first. */
const waiting = new Map<number, Waiting[]>()

/** One digest on the thread, which is started for the first one and keeps the process alive only while it has work. */
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
    taken.catch(() => {}) // whoever asks for the digest hears of it
    return queue.length > MAX_BATCHES_WAITING ? taken.then(() => {}) : undefined
  }

  function drop(): void {
    waiting.delete(upload)
    mine.postMessage({ upload, kind: 'drop' } satisfies Order)
  }

  return { update, digest: () => send({ upload, kind: 'end' }).finally(() => waiting.delete(upload)), drop }
}

/** It keeps nothing but the state of digests. */
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
