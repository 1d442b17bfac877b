import { parseArgs } from 'node:util'
import { formatSize } from './format-size.ts'
import type { Run, StepRun } from './jobs/job.ts'
import type { AgentStatus, JobOverview } from './jobs/job-control.ts'
import type { JobEngine } from './jobs/job-engine.ts'

/** `mayfly jobs …`: what admins do at `/jobs`, in words. */

export const JOBS_USAGE = `  jobs                              list jobs with their last outcome and next run
  jobs start NAME [--step N]        run a job here and now, and wait for its end
  jobs stop NAME                    stop it, wherever it runs
  jobs enable|disable NAME          let its schedules start it, or not
  jobs history [NAME] [--limit N]   the last runs, with their steps
  jobs agent [start|stop]           whether the agent runs; let it, or not`

interface Command {
  engine: JobEngine
  asJson: boolean
  print: (text: string) => void
}

/** Returns the exit code; undefined: not understood. */
export async function jobsCommand(args: string[], command: Command): Promise<number | undefined> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { step: { type: 'string' }, limit: { type: 'string' } },
  })
  const [verb = 'list', name, ...rest] = positionals
  if (rest.length > 0) return undefined
  if (verb === 'list' && name === undefined) return list(command)
  if (verb === 'start' && name !== undefined) return start(command, name, values.step)
  if (verb === 'stop' && name !== undefined) return stop(command, name)
  if ((verb === 'enable' || verb === 'disable') && name !== undefined) return enable(command, name, verb === 'enable')
  if (verb === 'history') return history(command, name, Number(values.limit ?? 10))
  if (verb === 'agent' && (name === undefined || name === 'start' || name === 'stop')) return agent(command, name)
  return undefined
}

async function list({ engine, asJson, print }: Command): Promise<number> {
  const status = await engine.control.agentStatus()
  const overviews = await engine.control.list()
  if (asJson) print(`${JSON.stringify({ agent: status, jobs: overviews })}\n`)
  else print(`${agentText(status)}\n${overviews.map(overviewText).join('')}`)
  return 0
}

function overviewText({ job, current, last, averageDurationMs, nextRunAt }: JobOverview): string {
  const state = current ? 'running' : job.isEnabled ? 'enabled' : 'disabled'
  const outcome = last ? `${last.outcome} ${momentText(last.startedAt)}` : 'never run'
  const average = averageDurationMs === null ? '' : `, ${seconds(averageDurationMs)} on average`
  const next = nextRunAt === null ? '' : `, next ${momentText(nextRunAt)}`
  return `${job.name.padEnd(26)}${state.padEnd(10)}${outcome}${average}${next}\n`
}

async function start({ engine, asJson, print }: Command, name: string, step?: string): Promise<number> {
  const { run, ended } = await engine.control.start(name, 'command line', step === undefined ? undefined : Number(step))
  const stopIt = () => void engine.control.stop(name)
  process.once('SIGINT', stopIt).once('SIGTERM', stopIt)
  await ended
  const done = await engine.control.getRun(run.id)
  print(asJson ? `${JSON.stringify(done)}\n` : runText(done))
  return done.run.outcome === 'succeeded' ? 0 : 1
}

async function stop({ engine, print }: Command, name: string): Promise<number> {
  const run = await engine.control.stop(name)
  print(`asked ${run.replica} to stop ${name}\n`)
  return 0
}

async function enable({ engine, print }: Command, name: string, isEnabled: boolean): Promise<number> {
  await engine.jobs.change(name, { isEnabled })
  print(`${name} is ${isEnabled ? 'enabled' : 'disabled'}\n`)
  return 0
}

async function history({ engine, asJson, print }: Command, name: string | undefined, limit: number): Promise<number> {
  const jobs = await engine.jobs.list()
  const jobId = name === undefined ? undefined : (await engine.jobs.get(name)).id
  const { runs } = await engine.control.listRuns({ jobId }, limit, 0)
  const nameOf = (run: Run) => jobs.find(({ id }) => id === run.jobId)?.name ?? run.jobId
  print(asJson ? `${JSON.stringify(runs)}\n` : runs.map((one) => `${nameOf(one.run)}\n${runText(one)}`).join('\n'))
  return 0
}

async function agent({ engine, asJson, print }: Command, verb?: 'start' | 'stop'): Promise<number> {
  if (verb) await engine.control.setAgentEnabled(verb === 'start')
  const status = await engine.control.agentStatus()
  const servers = status.replicas.map(({ id, seenAt }) => `  ${id}, seen ${momentText(seenAt)}\n`).join('')
  print(asJson ? `${JSON.stringify(status)}\n` : `${agentText(status)}${servers}`)
  return 0
}

function agentText({ isRunning, isEnabled }: AgentStatus): string {
  const stopped = isEnabled ? 'enabled, but no server is there' : 'stopped'
  return `The agent is ${isRunning ? 'running' : stopped}.\n`
}

function runText({ run, steps }: { run: Run; steps: StepRun[] }): string {
  const head = `  ${momentText(run.startedAt)}  ${run.outcome.padEnd(12)}${run.message}\n`
  return head + steps.map(stepText).join('')
}

function stepText({ step, attempt, name, outcome, message, rows, files, bytes }: StepRun): string {
  const counts = `${rows} rows, ${files} files, ${formatSize(bytes)}`
  return `    ${step}.${attempt} ${name}: ${outcome}. ${message} (${counts})\n`
}

const momentText = (moment: number): string => new Date(moment).toISOString().replace(/\.\d+Z/, 'Z')

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
