import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Job, LoadReport } from './load-jobs.ts'

export interface LoadClient {
  /** Rejects when an answer was not what it had to be. */
  run: (job: Job) => Promise<LoadReport>
  stop: () => void
}

/** The load client in a process of its own, so that neither the bench nor it waits for the other. */
export function startLoadClient(): LoadClient {
  const child: ChildProcess = fork(join(import.meta.dirname, 'load-worker.ts'))
  let settle: ((message: { report?: LoadReport; error?: string }) => void) | undefined
  child.on('message', (message: { report?: LoadReport; error?: string }) => settle?.(message))
  child.on('exit', () => settle?.({ error: 'the load client ended' }))

  function run(job: Job): Promise<LoadReport> {
    return new Promise((resolve, reject) => {
      settle = ({ report, error }) => (report ? resolve(report) : reject(new Error(error)))
      child.send(job)
    })
  }

  return { run, stop: () => void child.kill() }
}
