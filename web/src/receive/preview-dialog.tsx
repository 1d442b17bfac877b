import { useSignal } from '@preact/signals'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { DownloadButton } from './download-button.tsx'
import type { Preview } from './preview.ts'
import type { PreviewKind } from './preview-kind.ts'
import { uploadTexts } from './texts/upload.ts'
import { useBack } from './use-back.ts'
import { useFetching } from './use-fetching.ts'
import { usePreview } from './use-preview.ts'
import type { View, ViewFile } from './view.ts'
import './preview.css'

interface Props {
  view: View
  file: ViewFile
  kind: PreviewKind
  onClose: () => void
}

/** A preview of a file, without saving it. */
export function PreviewDialog({ view, file, kind, onClose }: Props) {
  const { preview, problem } = usePreview(view, file, kind)
  const isBlank = useSignal(false)
  const fetching = useFetching()
  const close = useBack(onClose)
  return (
    <Dialog title={visibleName(file.path)} onClose={close} isWide>
      {problem && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      {!preview && !problem && <p class="quiet waiting">{commonTexts.value.loading}</p>}
      {preview && !isBlank.value && (
        <Shown
          preview={preview}
          name={visibleName(file.path)}
          onFailed={() => {
            isBlank.value = true
          }}
        />
      )}
      {isBlank.value && (
        <Notice tone="bad" title={uploadTexts.value.notShown}>
          <DownloadButton view={view} one={file} reload={async () => {}} fetching={fetching} />
        </Notice>
      )}
    </Dialog>
  )
}

function Shown({ preview, name, onFailed }: { preview: Preview; name: string; onFailed: () => void }) {
  if (preview.kind === 'text')
    return (
      <>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
        <pre class="preview text" tabIndex={0}>
          {preview.text}
        </pre>
        {!preview.isWhole && <p class="quiet">{uploadTexts.value.previewCut}</p>}
      </>
    )
  if (preview.kind === 'pdf') return <iframe class="preview pdf" src={preview.url} title={name} />
  // biome-ignore lint/a11y/useMediaCaption: an uploaded file has no captions
  return <audio class="preview" src={preview.url} controls onError={onFailed} />
}
