import { remembered } from '../lib/browser-storage.ts'

/**
 * Whether this tab has seen a newer manifest of the upload, which means that the server returns an old state. A first visit has
 * nothing to compare with. Stores the version.
 */
export function isOlderThanSeen(uploadId: string, version: number): boolean {
  const newest = remembered(`manifest-${uploadId}`, () => sessionStorage)
  if (version < Number(newest.get() ?? 0)) return true
  newest.set(String(version))
  return false
}
