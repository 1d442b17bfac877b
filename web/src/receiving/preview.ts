import { readFile } from '../api.ts'
import { kindOf } from '../file-kind.ts'
import { isDirect } from './fetch-file.ts'
import { fileUrl, thumbnailUrl } from './links.ts'
import { readStream } from './read-stream.ts'
import { isLimited, type View, type ViewFile } from './view.ts'

/** What can be looked at without saving it. Nothing of it ever runs: pictures, sound, text, and PDF in the browser's own viewer. */
export type Preview =
  | { kind: 'image' | 'video' | 'audio' | 'pdf'; url: string; release?: () => void }
  | { kind: 'text'; text: string; isWhole: boolean }

const PICTURE_PIXELS = 2048
const MAX_TEXT_BYTES = 200_000
/** What passes through the page is held in memory. */
const MAX_HELD_BYTES = 64_000_000
const PREVIEWED = ['image', 'video', 'audio', 'text', 'pdf'] as const

/** Undefined: it can't be looked at. A look must never use up a download. */
export function previewKind(view: View, one: ViewFile): Preview['kind'] | undefined {
  const kind = kindOf({ name: one.path, type: one.file.fileType })
  const known = PREVIEWED.find((previewed) => previewed === kind)
  if (!known || !one.isThere || isLimited(view.upload)) return undefined
  if (known === 'text') return known
  if (known === 'pdf') return navigator.pdfViewerEnabled && one.size <= MAX_HELD_BYTES ? known : undefined
  return isDirect(view) || one.size <= MAX_HELD_BYTES ? known : undefined
}

export async function loadPreview(view: View, one: ViewFile, kind: Preview['kind']): Promise<Preview> {
  const url = fileUrl(view.upload, one.file)
  if (kind === 'text') return textPreview(view, one)
  if (isDirect(view) && kind !== 'pdf')
    return { kind, url: kind === 'image' && one.file.image ? thumbnailUrl(view.upload, one.file, PICTURE_PIXELS) : url }
  const bytes = await new Response(await opened(view, one)).blob()
  const held = URL.createObjectURL(kind === 'pdf' ? new Blob([bytes], { type: 'application/pdf' }) : bytes)
  return { kind, url: held, release: () => URL.revokeObjectURL(held) }
}

async function opened(view: View, one: ViewFile): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const bytes = readStream(fileUrl(view.upload, one.file), view.access, () => {})
  const plain =
    view.secret === undefined
      ? bytes
      : await (await import('../encryption/encryption.ts')).openStream(bytes, view.secret)
  return plain as ReadableStream<Uint8Array<ArrayBuffer>>
}

/** Its beginning. */
async function textPreview(view: View, one: ViewFile): Promise<Preview> {
  const isWhole = one.size <= MAX_TEXT_BYTES
  const bytes =
    view.secret === undefined
      ? await beginning(view, one)
      : await firstBytes(await opened(view, one), Math.min(one.size, MAX_TEXT_BYTES))
  return { kind: 'text', text: new TextDecoder().decode(bytes), isWhole }
}

async function beginning(view: View, one: ViewFile): Promise<Uint8Array> {
  if (one.size === 0) return new Uint8Array()
  const response = await readFile(fileUrl(view.upload, one.file), view.access, { start: 0, end: MAX_TEXT_BYTES - 1 })
  return new Uint8Array(await response.arrayBuffer())
}

async function firstBytes(stream: ReadableStream<Uint8Array>, count: number): Promise<Uint8Array> {
  const reader = stream.getReader()
  const bytes = new Uint8Array(count)
  let filled = 0
  while (filled < count) {
    const { value } = await reader.read()
    if (!value) break
    bytes.set(value.subarray(0, count - filled), filled)
    filled += Math.min(value.length, count - filled)
  }
  await reader.cancel()
  return bytes.subarray(0, filled)
}
