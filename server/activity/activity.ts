import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../database/open-database.ts'
import type { Clock } from '../lib/clock.ts'
import { createActivityRecorder } from './activity-recorder.ts'
import { createActivityRepo } from './activity-repo.ts'
import { createStatistics } from './statistics.ts'
import { createStatisticsRepo } from './statistics-repo.ts'

interface Dependencies {
  database: Database
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
}

/** Counts uploads and downloads, and reports them. */
export function createActivity({ database, clock, log }: Dependencies) {
  const activity = createActivityRepo(database)
  const recorder = createActivityRecorder({ repo: activity, clock, log })
  const statistics = createStatistics({ activity, repo: createStatisticsRepo(database), recorder, clock })
  return { activity: recorder, statistics }
}
