import { newId } from '../lib/ids.ts'
import { nextMoment } from './cron-moments.ts'
import type { Run, Schedule } from './job.ts'
import { LAST_MOMENT } from './job-shapes.ts'

/** The due times of schedules. */

/**
 * The first moment after `after` (exclusive), epoch ms; null if there is none, or if the schedule does not depend on the
 * clock.
 */
export function nextRunOf(schedule: Schedule, after: number): number | null {
  const from = Math.max(after, (schedule.activeFrom ?? Number.NEGATIVE_INFINITY) - 1)
  const moment = schedule.kind === 'cron' ? nextMoment(schedule.cron ?? '', schedule.timeZone, from) : schedule.at
  if (moment === undefined || moment === null || moment <= after || moment > LAST_MOMENT) return null
  return moment > (schedule.activeTo ?? Number.POSITIVE_INFINITY) ? null : moment
}

type Beginning = Pick<
  Run,
  'jobId' | 'scheduleId' | 'scheduledFor' | 'trigger' | 'requestedBy' | 'replica' | 'startStep'
>

export const newRun = (beginning: Beginning & { startedAt: number }): Run => ({
  ...beginning,
  id: newId(),
  finishedAt: null,
  outcome: 'in_progress',
  message: '',
})
