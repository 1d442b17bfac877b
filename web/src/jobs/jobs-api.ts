import type { CallOptions } from '../../../client/src/connection.ts'
import { call, json } from '../lib/api.ts'
import type { PageOf } from '../lib/paged.ts'
import type { Action, Agent, Job, JobDraft, Operator, OperatorDraft, Run, Schedule, ScheduleDraft } from './job.ts'

/** Requests of administrators about jobs. Every function throws `MayflyError`. */

const send = (method: 'POST' | 'PUT' | 'PATCH', body: unknown = {}): CallOptions => ({
  method,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})
const path = (...parts: string[]): string => ['jobs', ...parts.map(encodeURIComponent)].join('/')

export const getAgent = (): Promise<Agent> => json(path('agent'))
export const switchAgent = (isOn: boolean): Promise<Agent> => json(path('agent', isOn ? 'start' : 'stop'), send('POST'))

export const listJobs = (): Promise<Job[]> => json('jobs')
export const getJob = (id: string): Promise<Job> => json(path(id))
export const createJob = (job: JobDraft): Promise<Job> => json('jobs', send('POST', job))
export const changeJob = (id: string, changes: Partial<JobDraft>): Promise<Job> =>
  json(path(id), send('PATCH', changes))
export const deleteJob = (id: string): Promise<unknown> => call(path(id), { method: 'DELETE' })
export const startJob = (id: string): Promise<Run> => json(path(id, 'start'), send('POST'))
export const stopJob = (id: string): Promise<Run> => json(path(id, 'stop'), send('POST'))

export const listActions = (): Promise<Action[]> => json(path('actions'))

export const listSchedules = (): Promise<Schedule[]> => json(path('schedules'))
export const saveSchedule = (draft: ScheduleDraft, id?: string): Promise<Schedule> =>
  id === undefined ? json(path('schedules'), send('POST', draft)) : json(path('schedules', id), send('PATCH', draft))
export const deleteSchedule = (id: string): Promise<unknown> => call(path('schedules', id), { method: 'DELETE' })

export const listOperators = (): Promise<Operator[]> => json(path('operators'))
export const saveOperator = (draft: OperatorDraft, id?: string): Promise<Operator> =>
  id === undefined ? json(path('operators'), send('POST', draft)) : json(path('operators', id), send('PATCH', draft))
export const deleteOperator = (id: string): Promise<unknown> => call(path('operators', id), { method: 'DELETE' })

/** Empty filters are left out of the query. */
export interface HistoryFilter {
  job: string
  outcome: string
  from: string
  to: string
}

const PAGE_SIZE = 50

/** Newest first; the cursor is the number of runs before the page. */
export async function listRuns(filter: HistoryFilter, after = '0'): Promise<PageOf<Run>> {
  const asked = Object.entries({ ...filter, limit: String(PAGE_SIZE), offset: after }).filter(
    ([, value]) => value !== '',
  )
  const { runs, total } = await json<{ runs: Run[]; total: number }>(`jobs/history?${new URLSearchParams(asked)}`)
  const next = Number(after) + runs.length
  return { results: runs, total, after: runs.length > 0 && next < total ? String(next) : null }
}
