import { z } from 'zod'
import type { OwnProblem } from '../errors/problems.ts'
import { shortListOf, storedText } from '../lib/shapes.ts'
import type { Job, Schedule, Step } from './job.ts'

/** Input of administrators. Omitted fields get defaults at creation and are kept by a change. */

export const Name = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{M}\p{N}_ .:()-]{1,100}$/u, 'name_invalid' satisfies OwnProblem)

const Following = z.union([z.enum(['next', 'quit_success', 'quit_failure']), z.int().min(1)], {
  error: 'step_target_invalid' satisfies OwnProblem,
})

export const StepInput = z.strictObject({
  name: Name,
  action: storedText(100),
  parameters: z.record(z.string(), z.unknown()).default({}),
  onSuccess: Following.default('next'),
  onFailure: Following.default('quit_failure'),
  retryAttempts: z.int().min(0).max(100).default(0),
  retryIntervalSeconds: z.int().min(0).max(86_400).default(0),
  timeoutSeconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(0),
})

export const JobInput = z.strictObject({
  name: Name,
  description: storedText(1_000).default(''),
  category: Name.default('other'),
  isEnabled: z.boolean().default(true),
  startStep: z.int().min(1).default(1),
  notifyOn: z.enum(['never', 'success', 'failure', 'completion']).default('never'),
  /** Name or id. */
  operator: storedText(100).nullable().default(null),
  steps: shortListOf(StepInput, 100, 1),
  /** Names or ids. */
  schedules: shortListOf(storedText(100), 100).default([]),
})
export type JobInput = z.output<typeof JobInput>

/** RFC 3339 has years of four digits, so later times could be stored, but not returned by the API. */
export const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** Epoch ms, from a date and time with its offset from UTC, or from the number itself. */
const Moment = z
  .union([z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)), z.int()], {
    error: 'moment_invalid' satisfies OwnProblem,
  })
  .refine((moment) => moment >= 0 && moment <= LAST_MOMENT, 'moment_out_of_range' satisfies OwnProblem)

export const ScheduleInput = z.strictObject({
  name: Name,
  kind: z.enum(['cron', 'once', 'start']),
  cron: storedText(200).nullable().default(null),
  timeZone: storedText(100).default('UTC'),
  at: Moment.nullable().default(null),
  isEnabled: z.boolean().default(true),
  activeFrom: Moment.nullable().default(null),
  activeTo: Moment.nullable().default(null),
  rerunLost: z.boolean().default(false),
})
export type ScheduleInput = z.output<typeof ScheduleInput>

/** Numbers the steps in the given order. */
export const toSteps = (steps: JobInput['steps']): Step[] => steps.map((step, index) => ({ ...step, step: index + 1 }))

export const momentText = (moment: number | null): string | null =>
  moment === null ? null : new Date(moment).toISOString()

type FieldsOf<Shape extends z.ZodRawShape> = {
  [Key in keyof Shape]: Shape[Key] extends z.ZodDefault<infer Field> ? Field : Shape[Key]
}

/** The fields of an input without defaults, as they are returned. */
export const fieldsOf = <Shape extends z.ZodRawShape>({ shape }: z.ZodObject<Shape>): FieldsOf<Shape> =>
  Object.fromEntries(
    Object.entries(shape).map(([key, field]) => [key, field instanceof z.ZodDefault ? field.unwrap() : field]),
  ) as FieldsOf<Shape>

/** Makes all fields of `input` optional, without defaults. */
export const changesOf = <Shape extends z.ZodRawShape>(
  input: z.ZodObject<Shape>,
): z.ZodType<Partial<z.input<z.ZodObject<Shape>>>> => z.strictObject(fieldsOf(input)).partial() as never

/** The current values, which a change is merged into. */
export const jobInputOf = ({ id, createdAt, changedAt, operatorId, scheduleIds, steps, ...job }: Job) => ({
  ...job,
  operator: operatorId,
  schedules: scheduleIds,
  steps: steps.map(({ step, ...rest }) => rest),
})

export const scheduleInputOf = ({ id, at, activeFrom, activeTo, ...schedule }: Schedule) => ({
  ...schedule,
  at: momentText(at),
  activeFrom: momentText(activeFrom),
  activeTo: momentText(activeTo),
})
