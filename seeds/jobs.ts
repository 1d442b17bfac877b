import type { Seeds } from '../server/jobs/jobs.ts'
import { STEPS_OF_ABANDONED, STEPS_OF_EXPIRED } from '../server/jobs/purge-steps.ts'

/** The jobs that a new database starts with. They are ordinary rows: change, disable or delete them. */
export const SHIPPED_JOBS: Seeds = {
  schedules: [
    { name: 'every minute', kind: 'cron', cron: '* * * * *' },
    { name: 'every hour', kind: 'cron', cron: '7 * * * *' },
    { name: 'at start', kind: 'start' },
    { name: 'every night', kind: 'cron', cron: '40 2 * * *', rerunLost: true },
    { name: 'later at night', kind: 'cron', cron: '10 3 * * *' },
  ],
  jobs: [
    {
      name: 'purge-expired-uploads',
      description: 'Deletes expired uploads: files within a minute, metadata after an hour',
      category: 'purge',
      schedules: ['every minute', 'at start'],
      steps: [...STEPS_OF_EXPIRED],
    },
    {
      name: 'purge-abandoned-uploads',
      description: 'Deletes uploads whose sender or server died',
      category: 'purge',
      schedules: ['every minute', 'at start'],
      steps: [...STEPS_OF_ABANDONED],
    },
    {
      name: 'remove-orphans',
      description: 'Stored bytes that a crash left without a file',
      category: 'purge',
      schedules: ['every hour', 'at start'],
      steps: [{ name: 'delete orphans', action: 'remove-orphans' }],
    },
    {
      name: 'check-links',
      description: 'Compares files with their stored bytes: marks broken files, and deletes bytes without a file',
      category: 'check',
      schedules: ['later at night'],
      steps: [
        { name: 'delete orphans', action: 'remove-orphans', onFailure: 'next' },
        { name: 'look for each file', action: 'check-links' },
      ],
    },
    {
      name: 'verify-digests',
      description: 'Reads each file again within a month, at 20 MB a second, and compares its digest',
      category: 'check',
      schedules: ['later at night'],
      steps: [{ name: 'read and compare', action: 'verify-digests' }],
    },
    {
      name: 'backup-database',
      description: 'A copy of the database, of which the last seven are kept',
      category: 'maintenance',
      schedules: ['every night'],
      steps: [{ name: 'copy and open', action: 'backup-database', retryAttempts: 2, retryIntervalSeconds: 300 }],
    },
    {
      name: 'optimise-database',
      description: 'Statistics by which the database chooses its indexes',
      category: 'maintenance',
      schedules: ['every night'],
      steps: [{ name: 'analyse', action: 'optimise-database' }],
    },
    {
      name: 'prune-history',
      description: 'Old runs in the history of jobs',
      category: 'maintenance',
      schedules: ['every hour'],
      steps: [{ name: 'delete old runs', action: 'prune-history' }],
    },
  ],
}
