import type { FileJson } from './api.ts'

/** What a photo or video lost, or still has. */
export type DataReport = Pick<NonNullable<FileJson['image']>, 'removed' | 'remaining'>

/**
 * What this tab has removed from files that the server can't read, by what tells them: their keys while they are sent, and then their
 * ids, or the sealed names of files that had no id yet.
 */
export const cleanedHere = new Map<string, DataReport>()
