import type { Announcement, Piece, Wish } from '../../worker/messages.ts'
import { serverUrl } from '../lib/api.ts'
import type { Content } from './open-file.ts'

/** Saves what the page makes as a download that the browser writes to disk as it comes, see `web/worker`. */

const SIGN_OF_LIFE_MS = 10_000

/** Undefined where there are none: pages over plain HTTP, some private windows. */
export async function downloadWorker(): Promise<ServiceWorker | undefined> {
  if (!('serviceWorker' in navigator)) return undefined
  try {
    const scope = serverUrl('download/')
    const registration = await navigator.serviceWorker.register(serverUrl('download-worker.js'), { scope })
    return registration.active ?? (await activated(registration.installing ?? registration.waiting))
  } catch {
    return undefined
  }
}

async function activated(worker: ServiceWorker | null): Promise<ServiceWorker | undefined> {
  if (!worker) return undefined
  while (worker.state !== 'activated' && worker.state !== 'redundant')
    await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }))
  return worker.state === 'activated' ? worker : undefined
}

/** Rejects when the bytes end in an error or `signal` aborts, and then what the browser has is a failed download to it. */
export async function saveByWorker(
  worker: ServiceWorker,
  name: string,
  { bytes, size }: Content,
  signal: AbortSignal,
): Promise<void> {
  const announcement: Announcement = { id: crypto.randomUUID(), name, size }
  const { port1: port, port2 } = new MessageChannel()
  const signs = setInterval(() => worker.postMessage('alive'), SIGN_OF_LIFE_MS)
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.src = serverUrl(`download/${announcement.id}`) // no name: a browser that tries it again asks the server
  const handedOver = handOver(port, bytes, signal, () => document.body.append(frame))
  worker.postMessage(announcement, [port2])
  try {
    await handedOver
  } finally {
    clearInterval(signs)
    setTimeout(() => frame.remove(), SIGN_OF_LIFE_MS) // the download has left it by then
  }
}

/** Gives the worker what it asks for, until the end, an error, or the browser's own "cancel". */
function handOver(
  port: MessagePort,
  bytes: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  begin: () => void,
): Promise<void> {
  const reader = bytes.getReader()
  const give = (piece: Piece) => port.postMessage(piece, 'bytes' in piece ? [piece.bytes.buffer] : [])
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }: MessageEvent<Wish>) => {
      if (data === 'ready') begin()
      else if (data === 'cancelled') reader.cancel().then(resolve, resolve)
      else more().catch(fail)
    }
    signal.addEventListener('abort', () => {
      fail(signal.reason)
      reader.cancel().catch(() => {}) // it ends by the same signal
    })

    async function more(): Promise<void> {
      const { value } = await reader.read()
      signal.throwIfAborted() // what was cancelled ends as if it were whole
      if (value) return give({ bytes: new Uint8Array(value) })
      give({ end: true })
      resolve()
    }
    function fail(error: unknown): void {
      give({ broken: true })
      reject(error)
    }
  })
}
