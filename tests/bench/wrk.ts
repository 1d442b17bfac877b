import { execFile } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { FilesJob, LoadReport, RangesJob, UploadJob } from './load-jobs.ts'

export type SmallJob = UploadJob | FilesJob | RangesJob

const WRK = '/usr/bin/wrk'
const SCRIPT = join(import.meta.dirname, 'wrk.lua')

/** wrk takes a tenth of the CPU of the load client, which it leaves to the server that is measured. It compares no bytes. */
export const hasWrk = existsSync(WRK)

/** Throws when an answer was no success. `listPath`: a file that is not there yet. */
export async function runWrk(job: SmallJob, listPath: string): Promise<LoadReport> {
  const { port, connections, durationMs = 0 } = job
  const seconds = Math.max(1, Math.round(durationMs / 1000))
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', SCRIPT]
  const url = `http://127.0.0.1:${port}/`
  const { stdout } = await promisify(execFile)(WRK, [...load, url, '--', ...argumentsFor(job, listPath)])
  const { failed, ...report } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  if (failed > 0) throw new Error(`wrk: ${failed} requests failed`)
  return { ...report, paths: [] }
}

function argumentsFor(job: SmallJob, listPath: string): string[] {
  if (job.kind === 'upload') return ['upload', job.source]
  if (job.kind === 'ranges') return ['ranges', job.path, `${statSync(job.source).size}`, `${job.length}`]
  writeFileSync(listPath, job.paths.join('\n'))
  return ['files', listPath]
}
