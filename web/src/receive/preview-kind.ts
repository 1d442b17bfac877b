import { kindOf } from '../ui/file-kind.ts'
import { hasThumbnails } from './links.ts'
import { isDirect, isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** What can be looked at without saving it. Nothing of it ever runs: images, sound, text, and PDF in the browser's own viewer. */
const PREVIEWED = ['image', 'video', 'audio', 'text', 'pdf'] as const
export type PreviewKind = (typeof PREVIEWED)[number]

/** What passes through the page is held in memory. */
const MAX_HELD_BYTES = 64_000_000

/** Undefined: it can't be looked at. A look must never use up a download. */
export function previewKind(view: View, one: ViewFile): PreviewKind | undefined {
  const kind = kindOf({ name: one.path, type: one.file.fileType })
  const known = PREVIEWED.find((previewed) => previewed === kind)
  if (!known || !one.isThere || isLimited(view.upload) || needsHttps(view)) return undefined
  if (known === 'text') return known
  if (known === 'pdf') return navigator.pdfViewerEnabled && one.size <= MAX_HELD_BYTES ? known : undefined
  return isDirect(view) || one.size <= MAX_HELD_BYTES ? known : undefined
}

/** Images and videos, which a gallery shows. */
export const isSeen = (view: View, one: ViewFile): boolean => ['image', 'video'].includes(previewKind(view, one) ?? '')

/** Of an encrypted image that is opened for a thumbnail: all of it has to be fetched. */
const MAX_OPENED_BYTES = 8_000_000

/** Who fetches a small image of a file: the browser, a link; or the page, which knows passwords and keys. Undefined: there is none. */
export function thumbnailBy(view: View, one: ViewFile): 'browser' | 'page' | undefined {
  const { upload, secret } = view
  if (previewKind(view, one) === undefined) return undefined
  if (secret !== undefined) return isImage(one) && one.size <= MAX_OPENED_BYTES ? 'page' : undefined
  if (!hasThumbnails(one.file)) return undefined
  return isDirect(view) && !upload.protectedByPassword ? 'browser' : 'page'
}

const isImage = ({ path, file }: ViewFile): boolean => kindOf({ name: path, type: file.fileType }) === 'image'
