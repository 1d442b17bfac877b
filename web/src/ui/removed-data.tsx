import type { FileJson } from '../lib/api.ts'
import { lazy } from './lazy.tsx'

/** Most files have nothing to say. */
const DataNotice = lazy(async () => (await import('./data-notice.tsx')).DataNotice, { isExtra: true })

/** What was removed from a photo or a video, or is still in it. */
export function RemovedData({ file }: { file: FileJson | undefined }) {
  const report = file?.image ?? file?.media
  return report && (report.removed.length > 0 || report.remaining) ? <DataNotice report={report} /> : null
}
