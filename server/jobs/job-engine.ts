import { hostname } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/open-database.ts'
import { AppError } from '../errors.ts'
import { newId } from '../ids.ts'
import { createAgent } from './agent.ts'
import { createAgentRepo } from './agent-repo.ts'
import { createHistoryRepo } from './history-repo.ts'
import { type Action, createActionRegistry } from './job-actions.ts'
import { createJobControl } from './job-control.ts'
import { createJobRunner } from './job-runner.ts'
import { createJobs } from './jobs.ts'
import { createJobsRepo } from './jobs-repo.ts'
import { createRunsRepo } from './runs-repo.ts'

interface Dependencies {
  database: Database
  actions: Readonly<Record<string, Action>>
  clock: Clock
  makeRoom: () => void
  log: FastifyBaseLogger
}

export type JobEngine = ReturnType<typeof createJobEngine>

/** Jobs, the agent that runs them, and what operators do with both. */
export function createJobEngine({ database, actions, clock, makeRoom, log }: Dependencies) {
  const registry = createActionRegistry(actions)
  const [repo, runs] = [createJobsRepo(database), createRunsRepo(database)]
  const [history, agents] = [createHistoryRepo(database), createAgentRepo(database)]
  const operatorId = async (name: string): Promise<string> => {
    throw new AppError('bad_request', `operator: there is no operator ${name}`)
  }
  const jobs = createJobs({ repo, actions: registry, operatorId, clock })
  const runner = createJobRunner({ repo: runs, actions: registry, clock, log })
  const startedAt = clock()
  const replica = {
    id: `${hostname()}-${process.pid}-${newId().slice(0, 6)}`,
    host: hostname(),
    startedAt,
    seenAt: startedAt,
  }
  const agent = createAgent({ jobs: repo, runs, agents, runner, replica, clock, makeRoom, log })
  const control = createJobControl({ jobs, runs, history, agents, agent, runner, clock })
  return { jobs, control, agent }
}
