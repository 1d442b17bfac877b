import type { FileJson } from '../lib/api.ts'
import { cleanedHere, type DataReport } from '../lib/cleaned-here.ts'
import { lazy } from './lazy.tsx'

/** Most files have nothing to say. */
const DataNotice = lazy(async () => (await import('./data-notice.tsx')).DataNotice, { isExtra: true })

/** What was removed from a photo or a video, or is still in it. `before`: of one that the server has not told of. */
export function RemovedData({ file, before }: { file: FileJson | undefined; before?: DataReport | undefined }) {
  const report = reportOf(file) ?? before
  return report && (report.removed.length > 0 || report.remaining) ? <DataNotice report={report} /> : null
}

/** What the server says, or what this tab knows of a file that the server can't read. */
export const reportOf = (file: FileJson | undefined): DataReport | undefined =>
  file && (file.image ?? file.media ?? cleanedHere.get(file.id) ?? cleanedHere.get(file.fileName))
