import { hostname } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../database/open-database.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { createNotifications } from '../notifications/notifications.ts'
import { type Channels, createOperators } from '../notifications/operators.ts'
import { createOperatorsRepo } from '../notifications/operators-repo.ts'
import { type Action, createActionRegistry } from './action-registry.ts'
import { createAgent } from './agent.ts'
import { createAgentRepo } from './agent-repo.ts'
import { createHistoryRepo } from './history-repo.ts'
import { deliverWebhook, pruneHistory } from './job-actions.ts'
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
  steady: SteadyClock
  channels: Channels
  makeRoom: () => void
  /** Returns the number of files that a check found to be broken. */
  countBroken: () => Promise<number>
  log: FastifyBaseLogger
}

export type JobEngine = ReturnType<typeof createJobEngine>

/** Jobs, the agent that runs them, and the operations on both. */
export function createJobEngine({
  database,
  actions,
  clock,
  steady,
  channels,
  makeRoom,
  countBroken,
  log,
}: Dependencies) {
  const [repo, runs] = [createJobsRepo(database), createRunsRepo(database)]
  const [history, agents] = [createHistoryRepo(database), createAgentRepo(database)]
  const operatorsRepo = createOperatorsRepo(database)
  const operators = createOperators({ repo: operatorsRepo, channels, clock })
  const registry = createActionRegistry({
    ...actions,
    'prune-history': pruneHistory(history.prune, repo.list, clock),
    'deliver-webhook': deliverWebhook(operators),
  })
  const operatorId = async (name: string) => (await operators.known(name)).id
  const jobs = createJobs({ repo, actions: registry, operatorId, clock })
  const runner = createJobRunner({ repo: runs, actions: registry, clock, log })
  const startedAt = clock()
  const replica = {
    id: `${hostname()}-${process.pid}-${newId().slice(0, 6)}`,
    host: hostname(),
    startedAt,
    seenAt: startedAt,
  }
  const notifications = createNotifications({
    repo: operatorsRepo,
    operators,
    getRun: (id) => control.getRun(id),
    jobName: async (id) => (await jobs.get(id)).name,
    clock,
    log,
  })
  const agent = createAgent({ jobs: repo, runs, agents, runner, notifications, replica, clock, steady, makeRoom, log })
  const control = createJobControl({ jobs, runs, history, agents, agent, runner, clock })
  return { jobs, control, agent, operators, notifications, figures: jobFigures({ history, control, countBroken }) }
}
