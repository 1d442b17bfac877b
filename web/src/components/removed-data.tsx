import type { FileJson } from '../api.ts'
import { lazy } from '../lazy.tsx'

/** Most files are neither pictures nor videos. */
const DataNotice = lazy(async () => (await import('./data-notice.tsx')).DataNotice)

/** What was removed from a photo or a video, or is still in it. */
export function RemovedData({ file }: { file: FileJson | undefined }) {
  const report = file?.image ?? file?.media
  return report && (report.removed[0] || report.remaining) ? <DataNotice report={report} /> : null
}
