import { remembered } from '../lib/browser-storage.ts'

/**
 * Whether this tab has seen a newer manifest of the upload: then the server shows an old state. A
 * first visit has nothing to compare with. Notes the version.
 */
export function isOlderThanSeen(uploadId: string, version: number): boolean {
  const newest = remembered(`manifest-${uploadId}`, () => sessionStorage)
  if (version < Number(newest.get() ?? 0)) return true
  newest.set(String(version))
  return false
}
