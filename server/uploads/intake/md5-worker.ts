import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { Answer, Order } from './md5.ts'

/** The worker thread of `md5.ts`. */

const hashes = new Map<number, Hash>()

parentPort?.on('message', (order: Order) => {
  const { upload, kind } = order
  if (kind === 'drop') return void hashes.delete(upload)
  const hash = hashes.get(upload) ?? createHash('md5')
  if (kind === 'bytes') hashes.set(upload, hash.update(order.bytes))
  else hashes.delete(upload)
  const memory = kind === 'bytes' ? (order.bytes.buffer as ArrayBuffer) : undefined
  const answer: Answer = { upload, memory, md5: kind === 'end' ? hash.digest('hex') : undefined }
  parentPort?.postMessage(answer, memory ? [memory] : [])
})
