import { kindOf } from '../ui/file-kind.ts'
import { isDirect, isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** What can be looked at without saving it. Nothing of it ever runs: pictures, sound, text, and PDF in the browser's own viewer. */
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
