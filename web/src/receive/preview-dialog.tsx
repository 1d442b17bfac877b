import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { DownloadButton } from './download-button.tsx'
import { loadPreview, type Preview } from './preview.ts'
import type { PreviewKind } from './preview-kind.ts'
import { problemText } from './problems.ts'
import { uploadTexts } from './texts/upload.ts'
import { useFetching } from './use-fetching.ts'
import type { View, ViewFile } from './view.ts'

interface Props {
  view: View
  file: ViewFile
  kind: PreviewKind
  onClose: () => void
}

/** A look at a file, without saving it. */
export function PreviewDialog({ view, file, kind, onClose }: Props) {
  const preview = useSignal<Preview | undefined>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  const isBlank = useSignal(false)
  const fetching = useFetching()
  const close = useBack(onClose)
  useEffect(() => {
    let isClosed = false
    loadPreview(view, file, kind).then(
      (loaded) => {
        if (isClosed) release(loaded)
        else preview.value = loaded
      },
      (error: unknown) => {
        problem.value = problemText(error)
      },
    )
    return () => {
      isClosed = true
      release(preview.peek())
    }
  }, [])
  return (
    <Dialog title={visibleName(file.path)} onClose={close} isWide>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value}
        </p>
      )}
      {!preview.value && !problem.value && <p class="quiet waiting">{commonTexts.value.loading}</p>}
      {preview.value && !isBlank.value && (
        <Shown
          preview={preview.value}
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

/** What closes it is the browser's way back, so that this does not lead away from the list. Returns what goes back. */
function useBack(onClose: () => void): () => void {
  const isLeft = useRef(false)
  useEffect(() => {
    history.pushState(history.state, '')
    const leave = () => {
      isLeft.current = true
      onClose()
    }
    addEventListener('popstate', leave, { once: true })
    return () => removeEventListener('popstate', leave)
  }, [])
  return () => {
    if (!isLeft.current) history.back()
  }
}

const release = (preview: Preview | undefined): void => {
  if (preview && 'release' in preview) preview.release?.()
}

function Shown({ preview, name, onFailed }: { preview: Preview; name: string; onFailed: () => void }) {
  switch (preview.kind) {
    case 'image':
      return <img class="preview" src={preview.url} alt={uploadTexts.value.pictureOf(name)} onError={onFailed} />
    case 'video':
      // biome-ignore lint/a11y/useMediaCaption: an uploaded file has no captions
      return <video class="preview" src={preview.url} controls autoplay onError={onFailed} />
    case 'audio':
      // biome-ignore lint/a11y/useMediaCaption: as above
      return <audio class="preview" src={preview.url} controls onError={onFailed} />
    case 'pdf':
      return <iframe class="preview pdf" src={preview.url} title={name} />
    case 'text':
      return (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
          <pre class="preview text" tabIndex={0}>
            {preview.text}
          </pre>
          {!preview.isWhole && <p class="quiet">{uploadTexts.value.previewCut}</p>}
        </>
      )
  }
}
