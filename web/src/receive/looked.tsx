import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Lightbox } from './lightbox.tsx'
import { PreviewDialog } from './preview-dialog.tsx'
import { isSeen, previewKind } from './preview-kind.ts'
import type { View, ViewFile } from './view.ts'

interface Props {
  view: View
  listed: ViewFile[]
  looked: Signal<ViewFile | undefined>
  /** See `Lightbox`. */
  children: (one: ViewFile) => ComponentChildren
}

/** The preview of a file. From an image or video, the user can step to the others. */
export function Looked({ view, listed, looked, children }: Props) {
  const one = looked.value
  const kind = one && previewKind(view, one)
  if (!one || !kind) return null

  function close(id: string): void {
    looked.value = undefined
    // By then the browser has restored its scroll position.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-look="${id}"]`)?.focus())
  }

  if (!isSeen(view, one)) return <PreviewDialog view={view} file={one} kind={kind} onClose={() => close(one.file.id)} />
  const files = listed.filter((other) => isSeen(view, other))
  return (
    <Lightbox view={view} files={files} first={one.file.id} onClose={close}>
      {children}
    </Lightbox>
  )
}
