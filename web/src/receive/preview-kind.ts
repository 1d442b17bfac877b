import { kindOf } from '../ui/file-kind.ts'
import { hasThumbnails } from './links.ts'
import { isDirect, isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** Kinds of files that can be previewed. None of them can run scripts: images, sound, text, and PDF in the browser's own viewer. */
const PREVIEWED = ['image', 'video', 'audio', 'text', 'pdf'] as const
export type PreviewKind = (typeof PREVIEWED)[number]

/** Files downloaded by the page are held in memory. */
const MAX_HELD_BYTES = 64_000_000

/** Undefined: there is no preview. A preview must never use up a download. */
export function previewKind(view: View, one: ViewFile): PreviewKind | undefined {
  const kind = kindOf({ name: one.path, type: one.file.fileType })
  const known = PREVIEWED.find((previewed) => previewed === kind)
  if (!known || !one.isThere || isLimited(view.upload) || needsHttps(view)) return undefined
  if (known === 'text') return known
  if (known === 'pdf') return navigator.pdfViewerEnabled && one.size <= MAX_HELD_BYTES ? known : undefined
  return isDirect(view) || one.size <= MAX_HELD_BYTES ? known : undefined
}

/** Whether a file is shown in the gallery: images and videos. */
export const isSeen = (view: View, one: ViewFile): boolean => ['image', 'video'].includes(previewKind(view, one) ?? '')

/** Limit for encrypted images, which have to be downloaded completely for a thumbnail. */
const MAX_OPENED_BYTES = 8_000_000

/** How the thumbnail of a file is loaded: by the browser, or by the page if that needs a password or key. Undefined: there is none. */
export function thumbnailBy(view: View, one: ViewFile): 'browser' | 'page' | undefined {
  const { upload, secret } = view
  if (previewKind(view, one) === undefined) return undefined
  if (secret !== undefined) return isImage(one) && one.size <= MAX_OPENED_BYTES ? 'page' : undefined
  if (!hasThumbnails(one.file)) return undefined
  return isDirect(view) && !upload.protectedByPassword ? 'browser' : 'page'
}

const isImage = ({ path, file }: ViewFile): boolean => kindOf({ name: path, type: file.fileType }) === 'image'
