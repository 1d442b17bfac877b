import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { FileJson } from '../api.ts'
import type { DataNotice } from './data-notice.tsx'

const notice = signal<{ Notice: typeof DataNotice } | undefined>(undefined)

/** What was removed from a photo or a video, or is still in it. Loaded when there is something to say, since most files are neither. */
export function RemovedData({ file }: { file: FileJson | undefined }) {
  const report = file?.image ?? file?.media
  const isTold = Boolean(report && (report.removed.length > 0 || report.remaining))
  useEffect(() => {
    if (isTold)
      void import('./data-notice.tsx').then(
        ({ DataNotice: Notice }) => {
          notice.value = { Notice }
        },
        () => {},
      )
  }, [isTold])
  return isTold && report && notice.value ? <notice.value.Notice report={report} /> : null
}
