import type { Seeds } from '../server/jobs/jobs.ts'

/** The jobs that a new database starts with. They are ordinary rows: change, disable or delete them. */
export const SHIPPED_JOBS: Seeds = {
  schedules: [
    { name: 'every minute', kind: 'cron', cron: '* * * * *' },
    { name: 'every hour', kind: 'cron', cron: '7 * * * *' },
    { name: 'at start', kind: 'start' },
  ],
  jobs: [
    {
      name: 'purge-expired-uploads',
      description: 'What is over goes: marked at once, bytes within the minute, rows an hour later',
      category: 'purge',
      schedules: ['every minute', 'at start'],
      steps: [
        { name: 'mark what is over', action: 'expire-uploads', onFailure: 'next' },
        { name: 'delete bytes', action: 'delete-blobs' },
        { name: 'delete rows', action: 'delete-metadata' },
      ],
    },
    {
      name: 'purge-abandoned-uploads',
      description: 'Uploads whose sender or server died',
      category: 'purge',
      schedules: ['every minute', 'at start'],
      steps: [{ name: 'end and delete', action: 'purge-abandoned-uploads' }],
    },
    {
      name: 'remove-orphans',
      description: 'Stored bytes that a crash left without a file',
      category: 'purge',
      schedules: ['every hour', 'at start'],
      steps: [{ name: 'delete orphans', action: 'remove-orphans' }],
    },
  ],
}
