import type { FileJson } from '../lib/api.ts'
import { cleanedHere, type DataReport } from '../lib/cleaned-here.ts'
import { lazy } from './lazy.tsx'

/** Loaded only if a file has a report. */
const DataNotice = lazy(async () => (await import('./data-notice.tsx')).DataNotice, { isExtra: true })

/**
 * Metadata that was removed from a photo or video, or is still in it. `before`: the report of a file that the server has not
 * listed yet.
 */
export function RemovedData({ file, before }: { file: FileJson | undefined; before?: DataReport | undefined }) {
  const report = reportOf(file) ?? before
  return report && (report.removed.length > 0 || report.remaining) ? <DataNotice report={report} /> : null
}

/** The server's report, or that of this tab for files that the server can't read. */
export const reportOf = (file: FileJson | undefined): DataReport | undefined =>
  file && (file.image ?? file.media ?? cleanedHere.get(file.id) ?? cleanedHere.get(file.fileName))
