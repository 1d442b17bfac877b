import type { FileJson } from './api.ts'

/** Metadata that was removed from a photo or video, or is still in it. */
export type DataReport = Pick<NonNullable<FileJson['image']>, 'removed' | 'remaining'>

/**
 * Reports of files that this tab has cleaned because the server can't read them. The key is the key of the file while it is sent,
 * then its id, or its encrypted name if it had no id yet.
 */
export const cleanedHere = new Map<string, DataReport>()
