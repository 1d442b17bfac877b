import { hostname } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/open-database.ts'
import { AppError } from '../errors.ts'
import { newId } from '../ids.ts'
import { type Action, createActionRegistry } from './action-registry.ts'
import { createAgent } from './agent.ts'
import { createAgentRepo } from './agent-repo.ts'
import { createHistoryRepo } from './history-repo.ts'
import { pruneHistory } from './job-actions.ts'
import { createJobControl } from './job-control.ts'
import { jobFigures } from './job-figures.ts'
import { createJobRunner } from './job-runner.ts'
import { createJobs } from './jobs.ts'
import { createJobsRepo } from './jobs-repo.ts'
import { createRunsRepo } from './runs-repo.ts'

interface Dependencies {
  database: Database
  actions: Readonly<Record<string, Action>>
  clock: Clock
  makeRoom: () => void
  /** Files that a check found to be broken. */
  countBroken: () => Promise<number>
  log: FastifyBaseLogger
}

export type JobEngine = ReturnType<typeof createJobEngine>

/** Jobs, the agent that runs them, and what operators do with both. */
export function createJobEngine({ database, actions, clock, makeRoom, countBroken, log }: Dependencies) {
  const [repo, runs] = [createJobsRepo(database), createRunsRepo(database)]
  const [history, agents] = [createHistoryRepo(database), createAgentRepo(database)]
  const registry = createActionRegistry({ ...actions, 'prune-history': pruneHistory(history.prune, repo.list, clock) })
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
  return { jobs, control, agent, figures: jobFigures({ history, control, countBroken }) }
}
