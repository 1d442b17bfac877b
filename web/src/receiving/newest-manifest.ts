import { remembered } from '../remembered.ts'

/**
 * Whether this tab has seen a newer manifest of the upload: then the server shows a state that is over. Who comes for the
 * first time has nothing to compare with.
 */
export function isOverTaken(uploadId: string, version: number): boolean {
  const newest = remembered(`manifest-${uploadId}`, () => sessionStorage)
  if (version < Number(newest.get() ?? 0)) return true
  newest.set(String(version))
  return false
}
