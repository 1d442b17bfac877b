/**
 * The steps that delete expired and removed uploads, in order: for the shipped jobs (`seeds/jobs.ts`) and for a purge
 * without a job (`maintenance.ts`).
 */
export const STEPS_OF_ABANDONED = [{ name: 'end and delete', action: 'purge-abandoned-uploads' }] as const

export const STEPS_OF_EXPIRED = [
  { name: 'mark expired uploads', action: 'expire-uploads', onFailure: 'next' },
  { name: 'delete bytes', action: 'delete-blobs' },
  { name: 'delete rows', action: 'delete-metadata' },
] as const

export const PURGE_STEPS = [...STEPS_OF_ABANDONED, ...STEPS_OF_EXPIRED]
