import { Argument, type Command } from 'commander'
import type { Run, StepRun } from '../jobs/job.ts'
import type { AgentStatus, JobOverview } from '../jobs/job-control.ts'
import { formatSize } from '../lib/format-size.ts'
import { type Answer, type Runner, type Services, wholeNumber } from './command.ts'

/** `mayfly jobs …`: the operations of the page `/jobs`. */
export function addJobCommands(program: Command, { withServices }: Runner): void {
  const jobs = program.command('jobs').description('background jobs of the server')
  jobs
    .command('list', { isDefault: true })
    .description('list all jobs with their last outcome and next run (default)')
    .action(withServices(list))
  jobs
    .command('start')
    .description('run a job now in this process and wait for its end; exit code 1 unless it succeeds')
    .argument('<name>', 'the job')
    .option('--step <number>', 'begin with this step', wholeNumber(1, 1_000))
    .action(withServices(start))
  jobs.command('stop').description('stop a job on any server').argument('<name>', 'the job').action(withServices(stop))
  jobs
    .command('enable')
    .description('enable the schedules of a job')
    .argument('<name>', 'the job')
    .action(withServices((services, name: string) => enable(services, name, true)))
  jobs
    .command('disable')
    .description('disable the schedules of a job')
    .argument('<name>', 'the job')
    .action(withServices((services, name: string) => enable(services, name, false)))
  jobs
    .command('history')
    .description('list the last runs with their steps')
    .argument('[name]', 'only runs of this job')
    .option('--limit <number>', 'how many', wholeNumber(1, 1_000), 10)
    .action(withServices(history))
  jobs
    .command('agent')
    .description('show whether the agent runs, which starts jobs by their schedules; or start or stop it')
    .addArgument(new Argument('[change]', 'start or stop the agent').choices(['start', 'stop']))
    .action(withServices(agent))
}

async function list({ jobEngine: { control } }: Services): Promise<Answer> {
  const agent = await control.agentStatus()
  const jobs = await control.list()
  return { json: { agent, jobs }, text: `${agentText(agent)}\n${jobs.map(overviewText).join('')}` }
}

function overviewText({ job, current, last, averageDurationMs, nextRunAt }: JobOverview): string {
  const state = current ? 'running' : job.isEnabled ? 'enabled' : 'disabled'
  const outcome = last ? `${last.outcome} ${momentText(last.startedAt)}` : 'never run'
  const average = averageDurationMs === null ? '' : `, ${seconds(averageDurationMs)} on average`
  const next = nextRunAt === null ? '' : `, next ${momentText(nextRunAt)}`
  return `${job.name.padEnd(26)}${state.padEnd(10)}${outcome}${average}${next}\n`
}

async function start({ jobEngine: { control } }: Services, name: string, { step }: { step?: number }): Promise<Answer> {
  const { run, ended } = await control.start(name, 'command line', step)
  const stopIt = () => void control.stop(name)
  process.once('SIGINT', stopIt).once('SIGTERM', stopIt)
  await ended
  const done = await control.getRun(run.id)
  return { json: done, text: runText(done), exitCode: done.run.outcome === 'succeeded' ? 0 : 1 }
}

async function stop({ jobEngine: { control } }: Services, name: string): Promise<Answer> {
  const { id, replica } = await control.stop(name)
  return { json: { run: id, replica }, text: `asked ${replica} to stop ${name}\n` }
}

async function enable({ jobEngine: { jobs } }: Services, name: string, isEnabled: boolean): Promise<Answer> {
  await jobs.change(name, { isEnabled })
  return { json: { name, isEnabled }, text: `${name} is ${isEnabled ? 'enabled' : 'disabled'}\n` }
}

async function history(
  { jobEngine: { jobs, control } }: Services,
  name: string | undefined,
  { limit }: { limit: number },
): Promise<Answer> {
  const all = await jobs.list()
  const jobId = name === undefined ? undefined : (await jobs.get(name)).id
  const { runs } = await control.listRuns({ jobId }, limit, 0)
  const nameOf = (run: Run) => all.find(({ id }) => id === run.jobId)?.name ?? run.jobId
  return { json: runs, text: runs.map((one) => `${nameOf(one.run)}\n${runText(one)}`).join('\n') }
}

async function agent({ jobEngine: { control } }: Services, change?: 'start' | 'stop'): Promise<Answer> {
  if (change) await control.setAgentEnabled(change === 'start')
  const status = await control.agentStatus()
  const servers = status.replicas.map(({ id, seenAt }) => `  ${id}, seen ${momentText(seenAt)}\n`).join('')
  return { json: status, text: `${agentText(status)}${servers}` }
}

function agentText({ isRunning, isEnabled }: AgentStatus): string {
  const stopped = isEnabled ? 'enabled, but no server is running' : 'stopped'
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
