import { newId } from '../lib/ids.ts'
import { nextMoment } from './cron-moments.ts'
import type { Run, Schedule } from './job.ts'
import { LAST_MOMENT } from './job-shapes.ts'

/** When schedules are due, and the runs that come of it. */

/** The first moment after `after` (exclusive), epoch ms; null when there is none, or none that a clock brings about. */
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
