import type { Announcement, Piece, Wish } from '../../worker/messages.ts'
import { serverUrl } from '../api.ts'

/** Saves what the page makes itself as a file, without ever holding it whole where the browser has service workers. */

/** What is held in memory where it has none, at most. */
const MAX_HELD_BYTES = 256 * 1024 * 1024
const SIGN_OF_LIFE_MS = 10_000

/** Throws `TooLargeError` before anything is read. Resolves when all was handed over. */
export async function saveStream(bytes: ReadableStream<Uint8Array>, name: string, size: number): Promise<void> {
  const worker = await downloadWorker()
  if (worker) return saveByWorker(worker, bytes, { id: crypto.randomUUID(), name, size })
  if (size > MAX_HELD_BYTES) {
    await bytes.cancel()
    throw new TooLargeError()
  }
  await saveFromMemory(bytes, name)
}

/** Only a terminal can do it. */
export class TooLargeError extends Error {}

/** Undefined where there are none: pages over plain HTTP, some private windows. */
async function downloadWorker(): Promise<ServiceWorker | undefined> {
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

async function saveByWorker(
  worker: ServiceWorker,
  bytes: ReadableStream<Uint8Array>,
  announcement: Announcement,
): Promise<void> {
  const { port1: port, port2 } = new MessageChannel()
  const reader = bytes.getReader()
  const signs = setInterval(() => worker.postMessage('alive'), SIGN_OF_LIFE_MS)
  const frame = document.createElement('iframe')
  frame.hidden = true
  try {
    await new Promise<void>((resolve, reject) => {
      port.onmessage = ({ data }: MessageEvent<Wish>) => {
        if (data === 'ready') open()
        else if (data === 'cancelled') reader.cancel().then(resolve, resolve)
        else more().catch(fail)
      }
      function open(): void {
        frame.src = serverUrl(`download/${announcement.id}/${encodeURIComponent(announcement.name)}`)
        document.body.append(frame)
      }
      async function more(): Promise<void> {
        const { value } = await reader.read()
        if (value) return give({ bytes: new Uint8Array(value) })
        give({ end: true })
        resolve()
      }
      function fail(error: unknown): void {
        give({ broken: true })
        reject(error)
      }
      worker.postMessage(announcement, [port2])
    })
  } finally {
    clearInterval(signs)
    setTimeout(() => frame.remove(), SIGN_OF_LIFE_MS) // the download has left it by then
  }

  function give(piece: Piece): void {
    port.postMessage(piece, 'bytes' in piece ? [piece.bytes.buffer] : [])
  }
}

async function saveFromMemory(bytes: ReadableStream<Uint8Array>, name: string): Promise<void> {
  const blob = await new Response(bytes as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), SIGN_OF_LIFE_MS)
}
