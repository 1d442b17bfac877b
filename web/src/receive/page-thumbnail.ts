import pLimit from 'p-limit'
import { thumbnailUrl } from './links.ts'
import { openFile, openUrl } from './open-file.ts'
import type { View, ViewFile } from './view.ts'

const PIXELS = 256
export const THUMBNAIL_BOX = { width: PIXELS, height: PIXELS, fit: 'cover' } as const

/** Reducing one photo takes about 50 MB. */
const inTurn = pLimit(2)

/**
 * A thumbnail that the browser can't load by itself: the server's if there is a password, or made in the page if the file is
 * encrypted.
 */
export const pageThumbnail = (view: View, one: ViewFile, signal: AbortSignal): Promise<Blob> =>
  inTurn(async () => {
    signal.throwIfAborted()
    const isServers = view.secret === undefined
    const bytes = isServers
      ? await openUrl(view, thumbnailUrl(view.upload, one.file, THUMBNAIL_BOX), { signal })
      : (await openFile(view, one, { signal })).bytes
    const image = await new Response(bytes as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
    return isServers ? image : reduced(image)
  })

/** Scales an image so that its shorter side has the size of a thumbnail. */
async function reduced(image: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(image)
  const scale = Math.min(1, PIXELS / Math.min(bitmap.width, bitmap.height))
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale))
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.8 })
}
