import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { assertAdmin } from '../accounts/caller.ts'
import type { CallerReader } from '../http/caller.ts'
import { typedByZod } from '../http/typed-by-zod.ts'
import { storedText } from '../lib/shapes.ts'
import type { JobEngine } from './job-engine.ts'
import { ActionJson, AgentJson, actionJson, agentJson, JobJson, jobJson, RunJson, runJson } from './job-json.ts'
import { changesOf, JobInput } from './job-shapes.ts'
import { schedulesRoutes } from './schedules-routes.ts'

interface Dependencies {
  engine: JobEngine
  readCaller: CallerReader
}

const JobParams = z.object({ job: storedText(100).describe('Name or id') })

const HistoryQuery = z.strictObject({
  job: storedText(100).optional().describe('Name or id'),
  outcome: RunJson.shape.outcome.optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('Runs that began at or after'),
  to: z.iso.datetime({ offset: true }).optional().describe('Runs that began at or before'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(1_000_000_000).default(0),
})

const tags = ['jobs']

/** Jobs, for administrators, after the model of SQL Server Agent. */
export function jobsRoutes({ engine, readCaller }: Dependencies) {
  const { jobs, control } = engine

  /** The administrator, also while impersonating another user: the history records who did it. */
  const whoAsks = async (request: FastifyRequest): Promise<string> => {
    const { user, impersonator } = await readCaller.bySession(request)
    return `user ${(impersonator ?? user)?.login}`
  }

  return async (scope: FastifyInstance): Promise<void> => {
    const app = typedByZod(scope)
    app.addHook('onRequest', async (request) => assertAdmin(await readCaller.bySession(request)))
    await app.register(schedulesRoutes(engine))

    app.get(
      '/jobs',
      {
        schema: { tags, summary: 'All jobs with their last outcome and next run', response: { 200: z.array(JobJson) } },
      },
      async () => (await control.list()).map(jobJson),
    )

    app.post(
      '/jobs',
      { schema: { tags, summary: 'Create a job', body: JobInput, response: { 200: JobJson } } },
      async ({ body }) => jobJson(await control.get((await jobs.create(body)).id)),
    )

    app.get(
      '/jobs/actions',
      { schema: { tags, summary: 'What steps can do', response: { 200: z.array(ActionJson) } } },
      async () => jobs.listActions().map(actionJson),
    )

    app.get(
      '/jobs/agent',
      { schema: { tags, summary: 'Whether the agent runs', response: { 200: AgentJson } } },
      async () => agentJson(await control.agentStatus()),
    )

    for (const verb of ['start', 'stop'] as const) {
      const schema = {
        tags,
        summary: `${verb === 'start' ? 'Start' : 'Stop'} the agent on all servers`,
        response: { 200: AgentJson },
      }
      app.post(`/jobs/agent/${verb}`, { schema }, async () => {
        await control.setAgentEnabled(verb === 'start')
        return agentJson(await control.agentStatus())
      })
    }

    const History = z.object({ total: z.int(), runs: z.array(RunJson) })
    app.get(
      '/jobs/history',
      { schema: { tags, summary: 'Runs, the newest first', querystring: HistoryQuery, response: { 200: History } } },
      async ({ query }) => {
        const { job, outcome, from, to, limit, offset } = query
        const jobId = job === undefined ? undefined : (await jobs.get(job)).id
        const filter = { jobId, outcome, startedFrom: momentOf(from), startedTo: momentOf(to) }
        const { runs, total } = await control.listRuns(filter, limit, offset)
        return { total, runs: runs.map(({ run, steps }) => runJson(run, steps)) }
      },
    )

    const RunParams = z.object({ run: storedText(100) })
    app.get(
      '/jobs/history/:run',
      { schema: { tags, summary: 'A run with its steps', params: RunParams, response: { 200: RunJson } } },
      async ({ params }) => {
        const { run, steps } = await control.getRun(params.run)
        return runJson(run, steps)
      },
    )

    app.get(
      '/jobs/:job',
      { schema: { tags, summary: 'A job', params: JobParams, response: { 200: JobJson } } },
      async ({ params }) => jobJson(await control.get(params.job)),
    )

    app.patch(
      '/jobs/:job',
      {
        schema: {
          tags,
          summary: 'Change what is given; steps and schedules as a whole',
          params: JobParams,
          body: changesOf(JobInput),
          response: { 200: JobJson },
        },
      },
      async ({ params, body }) => jobJson(await control.get((await jobs.change(params.job, body)).id)),
    )

    app.delete(
      '/jobs/:job',
      {
        schema: {
          tags,
          summary: 'Delete a job with its history',
          params: JobParams,
          response: { 200: z.literal('ok') },
        },
      },
      async ({ params }) => {
        await jobs.remove(params.job)
        return 'ok' as const
      },
    )

    const StartBody = z.strictObject({ step: z.int().min(1).optional().describe('Where to begin') })
    app.post(
      '/jobs/:job/start',
      {
        schema: {
          tags,
          summary: 'Run a job now, on this server',
          params: JobParams,
          body: StartBody,
          response: { 200: RunJson },
        },
      },
      async (request) => {
        const { run } = await control.start(request.params.job, await whoAsks(request), request.body.step)
        return runJson(run)
      },
    )

    app.post(
      '/jobs/:job/stop',
      { schema: { tags, summary: 'Stop a job, wherever it runs', params: JobParams, response: { 200: RunJson } } },
      async ({ params }) => runJson(await control.stop(params.job)),
    )
  }
}

const momentOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text))
