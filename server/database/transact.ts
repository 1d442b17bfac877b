import type { Kysely, Transaction } from 'kysely'
import { kindOf } from '../lib/errors.ts'
import type { Schema } from './schema.ts'

/** A running transaction, which repositories pass to each other through services; services can't use it themselves. */
export type Trx = Transaction<Schema>

/**
 * Runs `work` in a transaction and resolves once it is committed; when `work` throws, nothing of it stays.
 * `work` awaits nothing but queries on its own `trx`, and may be run a second time: it must have no other effect.
 */
export type Transact = <T>(work: (trx: Trx) => Promise<T>) => Promise<T>

/**
 * With `group` (SQLite), all work that was asked for while the event loop was busy shares one transaction and so one
 * sync of the log: at 32 parallel small uploads this is 2.5 times the throughput of a commit for each.
 * PostgreSQL groups commits by itself.
 */
export function createTransact(db: Kysely<Schema>, { group }: { group: boolean }): Transact {
  const alone: Transact = (work) => db.transaction().execute(work)
  return group ? grouped(db, alone) : alone
}

interface Job {
  work: (trx: Trx) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

function grouped(db: Kysely<Schema>, alone: Transact): Transact {
  let waiting: Job[] = []
  let isRunning = false

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const jobs = waiting
      waiting = []
      await commit(jobs)
      await new Promise(setImmediate) // requests that became ready meanwhile join the next group
    }
    isRunning = false
  }

  async function commit(jobs: Job[]): Promise<void> {
    try {
      const results = await db.transaction().execute(async (trx) => {
        const values: unknown[] = []
        for (const job of jobs) values.push(await job.work(trx))
        return values
      })
      jobs.forEach((job, index) => void job.resolve(results[index]))
    } catch (error) {
      if (jobs.length === 1 || isUnavailable(error)) for (const job of jobs) job.reject(error)
      else for (const job of jobs) await alone(job.work).then(job.resolve, job.reject) // one spoils nobody else's
    }
  }

  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
      if (isRunning) return
      isRunning = true
      setImmediate(() => void run())
    })
}

/** Then it will fail for each of them, and only take longer. */
const isUnavailable = (error: unknown): boolean => kindOf(error) === 'unavailable'
