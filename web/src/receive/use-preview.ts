import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { loadPreview, type Preview } from './preview.ts'
import type { PreviewKind } from './preview-kind.ts'
import { problemText } from './problems.ts'
import type { View, ViewFile } from './view.ts'

/** The preview of a file, or the reason why there is none; neither while it is loading. */
export function usePreview(view: View, file: ViewFile, kind: PreviewKind) {
  const preview = useSignal<Preview | undefined>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  useEffect(() => {
    const ending = new AbortController()
    loadPreview(view, file, kind, ending.signal).then(
      (loaded) => {
        if (ending.signal.aborted) release(loaded)
        else preview.value = loaded
      },
      (error: unknown) => {
        problem.value = problemText(error)
      },
    )
    return () => {
      ending.abort()
      release(preview.peek())
    }
  }, [])
  return { preview: preview.value, problem: problem.value }
}

const release = (preview: Preview | undefined): void => {
  if (preview && 'release' in preview) preview.release?.()
}
