import type {
  actionJson,
  agentJson,
  jobJson,
  operatorJson,
  runJson,
  scheduleJson,
} from '../../../server/jobs/job-json.ts'

/** Types of jobs as the server returns them, and drafts for editing them. */

export type Job = ReturnType<typeof jobJson>
export type JobStep = Job['steps'][number]
export type Run = ReturnType<typeof runJson>
export type StepRun = NonNullable<Run['steps']>[number]
export type Outcome = Run['outcome']
export type Schedule = ReturnType<typeof scheduleJson>
export type Operator = ReturnType<typeof operatorJson>
export type Agent = ReturnType<typeof agentJson>

/** An action that a step can run; `parameters` is a JSON schema. */
export interface Action extends Omit<ReturnType<typeof actionJson>, 'parameters'> {
  parameters: { properties?: Record<string, ParameterSchema> }
}
export interface ParameterSchema {
  type?: string
  enum?: string[]
  default?: unknown
  minimum?: number
  maximum?: number
}

export type JobDraft = Omit<
  Job,
  'id' | 'createdAt' | 'changedAt' | 'current' | 'last' | 'averageDurationMs' | 'nextRunAt'
>
export type ScheduleDraft = Omit<Schedule, 'id'>
export type OperatorDraft = Omit<Operator, 'id' | 'secret'>
