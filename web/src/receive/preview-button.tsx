import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { visibleName } from '../lib/visible-name.ts'
import { Icon } from '../ui/icon.tsx'
import type { PreviewDialog } from './preview-dialog.tsx'
import { previewKind } from './preview-kind.ts'
import { uploadTexts } from './texts/upload.ts'
import type { View, ViewFile } from './view.ts'

/** Nothing for what can't be looked at. */
export function PreviewButton({ view, one }: { view: View; one: ViewFile }) {
  const kind = previewKind(view, one)
  const shown = useSignal<{ Dialog: ComponentType<Parameters<typeof PreviewDialog>[0]> } | undefined>(undefined)
  if (!kind) return null

  async function show(): Promise<void> {
    shown.value = { Dialog: (await import('./preview-dialog.tsx')).PreviewDialog }
  }

  return (
    <>
      <button
        type="button"
        class="bare"
        aria-label={uploadTexts.value.preview(visibleName(one.path))}
        onClick={() => void show()}
      >
        <Icon name="eye" />
      </button>
      {shown.value && (
        <shown.value.Dialog
          view={view}
          file={one}
          kind={kind}
          onClose={() => {
            shown.value = undefined
          }}
        />
      )}
    </>
  )
}
