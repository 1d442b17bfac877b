import type { HistoryRepo } from './history-repo.ts'
import type { JobControl } from './job-control.ts'

interface Dependencies {
  history: Pick<HistoryRepo, 'bytesOfLast'>
  control: Pick<JobControl, 'list' | 'agentStatus'>
  countBroken: () => Promise<number>
}

/** Metrics of jobs, and of what they check. */
export const jobFigures = ({ history, control, countBroken }: Dependencies) => [
  {
    name: 'mayfly_job_agent_running',
    help: '1 while the job agent is enabled and a server is there to do its work.',
    read: async () => ((await control.agentStatus()).isRunning ? 1 : 0),
  },
  {
    name: 'mayfly_jobs_failing',
    help: 'Enabled jobs whose last run failed.',
    read: async () =>
      (await control.list()).filter(({ job, last }) => job.isEnabled && last?.outcome === 'failed').length,
  },
  {
    name: 'mayfly_broken_files',
    help: 'Files whose bytes are missing or wrong, as the last check found them.',
    read: countBroken,
  },
  {
    name: 'mayfly_orphan_bytes',
    help: 'Stored bytes without a file that the last sweep found and moved to quarantine.',
    read: () => history.bytesOfLast('remove-orphans'),
  },
]
