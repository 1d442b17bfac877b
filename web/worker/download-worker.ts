/**
 * Lets the page save what it makes itself, such as a decrypted file, as a download that the browser writes to disk as it comes:
 * the page announces a file, opens its address below `download/`, and hands over the bytes one by one as they are asked for.
 * The worker sees nothing else, since its scope is that folder.
 */

import type { Announcement, Piece, Wish } from './messages.ts'

declare const self: ServiceWorkerGlobalScope

const announced = new Map<string, Announcement & { port: MessagePort }>()

self.addEventListener('install', () => void self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('message', ({ data, ports }) => {
  const [port] = ports
  if (!port) return // only a sign of life: without any, browsers end a worker in the middle of a download
  announced.set((data as Announcement).id, { ...(data as Announcement), port })
  port.postMessage('ready' satisfies Wish)
})

self.addEventListener('fetch', (event) => {
  const id = /\/download\/([^/]+)$/.exec(new URL(event.request.url).pathname)?.[1]
  const file = id === undefined ? undefined : announced.get(id)
  if (!file) return
  announced.delete(file.id)
  event.respondWith(new Response(streamFrom(file.port), { headers: headersOf(file) }))
})

function streamFrom(port: MessagePort): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull: (controller) =>
      new Promise<void>((resolve) => {
        port.onmessage = ({ data }: MessageEvent<Piece>) => {
          if ('bytes' in data) controller.enqueue(data.bytes)
          else if ('end' in data) controller.close()
          else controller.error(new Error('the page could not continue'))
          resolve()
        }
        port.postMessage('more' satisfies Wish)
      }),
    cancel: () => port.postMessage('cancelled' satisfies Wish),
  })
}

function headersOf({ name, size }: Announcement): Record<string, string> {
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${encoded}`,
    'Content-Security-Policy': "default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
    ...(size === undefined ? {} : { 'Content-Length': String(size) }),
  }
}
