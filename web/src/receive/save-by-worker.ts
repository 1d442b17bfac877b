import type { Announcement, Piece, Wish } from '../../worker/messages.ts'
import { serverUrl } from '../lib/api.ts'
import type { Content } from './open-file.ts'

/** Saves generated data as a streamed download through the service worker, see `web/worker`. */

const SIGN_OF_LIFE_MS = 10_000

/** Undefined if service workers are not available: pages over plain HTTP, some private windows. */
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

/** Rejects if the bytes end in an error or `signal` aborts; the browser then reports a failed download. */
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
  frame.src = serverUrl(`download/${announcement.id}`) // without a name: if the browser repeats the request, it goes to the server
  const handedOver = handOver(port, bytes, signal, () => document.body.append(frame))
  worker.postMessage(announcement, [port2])
  try {
    await handedOver
  } finally {
    clearInterval(signs)
    setTimeout(() => frame.remove(), SIGN_OF_LIFE_MS) // by then the download no longer depends on the frame
  }
}

/** Passes chunks to the worker on request, until the end, an error, or the browser's own "cancel". */
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
      signal.throwIfAborted() // a cancelled stream ends without an error
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
