import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { typedByZod } from '../http/typed-by-zod.ts'
import { storedText } from '../lib/shapes.ts'
import { OperatorInput } from '../notifications/operators.ts'
import type { JobEngine } from './job-engine.ts'
import { OperatorJson, operatorJson, ScheduleJson, scheduleJson } from './job-json.ts'
import { changesOf, ScheduleInput } from './job-shapes.ts'

const tags = ['jobs']
const Ok = { 200: z.literal('ok') }

/**
 * Schedules, which jobs share, and operators, who are notified. Mounted by `jobs-routes.ts`, which checks that the caller
 * is an administrator.
 */
export function schedulesRoutes({ jobs, operators }: Pick<JobEngine, 'jobs' | 'operators'>) {
  return async (scope: FastifyInstance): Promise<void> => {
    const app = typedByZod(scope)

    const ScheduleParams = z.object({ schedule: storedText(100).describe('Name or id') })
    const schedule = { 200: ScheduleJson }
    app.get(
      '/jobs/schedules',
      { schema: { tags, summary: 'All schedules', response: { 200: z.array(ScheduleJson) } } },
      async () => (await jobs.listSchedules()).map(scheduleJson),
    )
    app.post(
      '/jobs/schedules',
      { schema: { tags, summary: 'Create a schedule', body: ScheduleInput, response: schedule } },
      async ({ body }) => scheduleJson(await jobs.createSchedule(body)),
    )
    app.get(
      '/jobs/schedules/:schedule',
      { schema: { tags, summary: 'A schedule', params: ScheduleParams, response: schedule } },
      async ({ params }) => scheduleJson(await jobs.getSchedule(params.schedule)),
    )
    app.patch(
      '/jobs/schedules/:schedule',
      {
        schema: {
          tags,
          summary: 'Change what is given',
          params: ScheduleParams,
          body: changesOf(ScheduleInput),
          response: schedule,
        },
      },
      async ({ params, body }) => scheduleJson(await jobs.changeSchedule(params.schedule, body)),
    )
    app.delete(
      '/jobs/schedules/:schedule',
      { schema: { tags, summary: 'Delete a schedule; jobs lose it', params: ScheduleParams, response: Ok } },
      async ({ params }) => {
        await jobs.removeSchedule(params.schedule)
        return 'ok' as const
      },
    )

    const OperatorParams = z.object({ operator: storedText(100).describe('Name or id') })
    const operator = { 200: OperatorJson }
    app.get(
      '/jobs/operators',
      { schema: { tags, summary: 'All operators', response: { 200: z.array(OperatorJson) } } },
      async () => (await operators.list()).map((one) => operatorJson(one)),
    )
    app.post(
      '/jobs/operators',
      { schema: { tags, summary: 'Create an operator', body: OperatorInput, response: operator } },
      async ({ body }) => operatorJson(await operators.create(body), true),
    )
    app.get(
      '/jobs/operators/:operator',
      { schema: { tags, summary: 'An operator', params: OperatorParams, response: operator } },
      async ({ params }) => operatorJson(await operators.get(params.operator)),
    )
    app.patch(
      '/jobs/operators/:operator',
      {
        schema: {
          tags,
          summary: 'Change what is given',
          params: OperatorParams,
          body: changesOf(OperatorInput),
          response: operator,
        },
      },
      async ({ params, body }) => operatorJson(await operators.change(params.operator, body)),
    )
    app.delete(
      '/jobs/operators/:operator',
      {
        schema: {
          tags,
          summary: 'Delete an operator; its jobs then notify none',
          params: OperatorParams,
          response: Ok,
        },
      },
      async ({ params }) => {
        await operators.remove(params.operator)
        return 'ok' as const
      },
    )
  }
}
