import { MayflyError } from '../../../client/src/errors.ts'
import { readStart } from '../lib/api.ts'
import { decodeText } from './decode-text.ts'
import { fileUrl, hasThumbnails, isShownAsIs, thumbnailUrl } from './links.ts'
import { openFile, openUrl } from './open-file.ts'
import type { PreviewKind } from './preview-kind.ts'
import { isDirect, type View, type ViewFile } from './view.ts'

export type Preview =
  | { kind: Exclude<PreviewKind, 'text'>; url: string; original?: string; release?: () => void }
  | { kind: 'text'; text: string; isWhole: boolean }

const IMAGE_PIXELS = 2048
/** Parameters of the browser's PDF viewer: no sidebar, fit to width. */
const PDF_VIEW = '#navpanes=0&view=FitH'
const MAX_TEXT_BYTES = 200_000

export async function loadPreview(view: View, one: ViewFile, kind: PreviewKind, signal: AbortSignal): Promise<Preview> {
  if (kind === 'text') return textPreview(view, one, signal)
  const url = kind === 'pdf' ? undefined : directUrl(view, one)
  if (url !== undefined) return { kind, url, original: fileUrl(view.upload, one.file) }
  const { bytes: stream } = await openShown(view, one, signal)
  const bytes = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  if (kind === 'pdf' && !(await isPdf(bytes))) throw new MayflyError({ code: 'changed', detail: 'this is no PDF' })
  const held = URL.createObjectURL(kind === 'pdf' ? new Blob([bytes], { type: 'application/pdf' }) : bytes)
  return { kind, url: kind === 'pdf' ? held + PDF_VIEW : held, release: () => URL.revokeObjectURL(held) }
}

/** Of a HEIC behind a password, a copy: few browsers have a decoder. */
const openShown = (view: View, one: ViewFile, signal: AbortSignal): Promise<{ bytes: ReadableStream<Uint8Array> }> =>
  view.secret === undefined && one.file.image?.format === 'heic' && hasThumbnails(one.file)
    ? openUrl(view, thumbnailUrl(view.upload, one.file, { width: IMAGE_PIXELS }), { signal }).then((bytes) => ({
        bytes,
      }))
    : openFile(view, one, { signal })

/** Where the browser finds an image, sound or video by itself; undefined: it has to pass through the page. */
export function directUrl(view: View, one: ViewFile): string | undefined {
  if (!isDirect(view)) return undefined
  return hasThumbnails(one.file) && !isShownAsIs(one.file)
    ? thumbnailUrl(view.upload, one.file, { width: IMAGE_PIXELS })
    : fileUrl(view.upload, one.file)
}

/** Checks for a PDF like PDF viewers do: for any other file the viewer would show its own error, which takes the keyboard focus. */
const isPdf = async (bytes: Blob): Promise<boolean> => (await bytes.slice(0, 1024).text()).includes('%PDF-')

/** The beginning of a text. */
async function textPreview(view: View, one: ViewFile, signal: AbortSignal): Promise<Preview> {
  const isWhole = one.size <= MAX_TEXT_BYTES
  const bytes =
    view.secret === undefined
      ? await beginning(view, one)
      : await firstBytes((await openFile(view, one, { signal })).bytes, Math.min(one.size, MAX_TEXT_BYTES))
  return { kind: 'text', text: decodeText(bytes, isWhole), isWhole }
}

async function beginning(view: View, one: ViewFile): Promise<Uint8Array> {
  if (one.size === 0) return new Uint8Array()
  return readStart(fileUrl(view.upload, one.file), view.access, MAX_TEXT_BYTES - 1)
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
