import { z } from 'zod'
import type { Backups } from '../database/backup.ts'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Operators } from '../notifications/operators.ts'
import type { FilesCheck } from '../uploads/files-check.ts'
import { DEFAULT_MAX_PERCENT } from '../uploads/orphans.ts'
import type { UploadsExpiry } from '../uploads/uploads-expiry.ts'
import { type Action, define, StepFailure } from './action-registry.ts'
import type { HistoryRepo } from './history-repo.ts'
import type { Jobs } from './jobs.ts'

const NOTHING = z.strictObject({})

interface Dependencies {
  expiry: UploadsExpiry
  expireClaims: () => Promise<number>
  check: FilesCheck
  backups: Backups
  /** Returns the number of bytes that were freed on the disk. */
  optimise: (signal: AbortSignal) => Promise<number>
}

/** Each action only calls a service. */
export function createJobActions(services: Dependencies): Record<string, Action> {
  const { expiry, expireClaims, check, backups, optimise } = services
  return {
    'expire-uploads': define({
      description: 'Marks expired uploads, and ends claims on limited downloads whose window has passed',
      parameters: NOTHING,
      run: async (_, work) => {
        const claims = await expireClaims()
        const expired = await expiry.expire(work)
        return `${expired} uploads expired, ${claims} claims expired.`
      },
    }),
    'delete-blobs': define({
      description: 'Deletes the bytes of files that expired or were removed',
      parameters: NOTHING,
      run: async (_, work) => {
        const { files, bytes } = await expiry.deleteBlobs(work)
        return `${files} files deleted, ${bytes} bytes freed.`
      },
    }),
    'delete-metadata': define({
      description:
        'Deletes the rows of removed uploads, and of expired ones an hour later, once their bytes are deleted',
      parameters: NOTHING,
      run: async (_, work) => `${await expiry.deleteMetadata(work)} uploads deleted.`,
    }),
    'purge-abandoned-uploads': define({
      description: 'Cleans up uploads whose sender or server died, and deletes temporary files of failed writes',
      parameters: NOTHING,
      run: async (_, work) => {
        const files = await expiry.purgeAbandoned(work)
        const unfinished = await expiry.removeUnfinished()
        work.count({ files: unfinished.count, bytes: unfinished.bytes })
        return `${files} files abandoned, ${unfinished.count} unfinished writes deleted.`
      },
    }),
    'remove-orphans': define({
      description:
        'Moves stored bytes that belong to no file to quarantine, and deletes them a day later; moves none if their share is too large',
      parameters: z.strictObject({ maxPercent: within(z.number, 0, 100).default(DEFAULT_MAX_PERCENT) }),
      run: async ({ maxPercent }, work) => {
        const { blobs, bytes, quarantined, restored } = await expiry.removeOrphans({ ...work, maxPercent })
        return `${quarantined.blobs} orphans moved to quarantine, ${restored} restored, ${blobs} deleted (${bytes} bytes).`
      },
    }),
    'check-links': define({
      description:
        'Checks that the data of every file exists and has the right size; marks those that are missing, clears the marks of those that are back, and fails when any is missing',
      parameters: NOTHING,
      run: async (_, work) => {
        const { checked, missing, size, healed, variants } = await check.checkLinks(work)
        const faulty = `${missing} without their bytes, ${size} of the wrong size`
        const summary = `${checked} files checked: ${faulty}, ${healed} healed; ${variants} derived pictures forgotten.`
        return failedIf(missing + size > 0, summary)
      },
    }),
    'verify-digests': define({
      description:
        'Reads files again at a limited rate and compares their SHA-256; each run continues where the last one stopped; fails if a file is broken',
      parameters: z.strictObject({
        bytesPerSecond: within(z.int, 1_000, 100_000_000_000).default(20_000_000),
        everyDays: within(z.int, 1, 3_650).default(30),
        maxMinutes: within(z.int, 1, 24 * 60).default(60),
      }),
      run: async (limits, work) => {
        const { verified, broken, isComplete } = await check.verifyDigests(limits, work)
        const summary = `${verified} files read, ${broken} broken; ${isComplete ? 'none is left' : 'the rest is left to the next run'}.`
        return failedIf(broken > 0, summary)
      },
    }),
    'backup-database': define({
      description:
        'Makes a consistent copy of the database while it is in use, verifies it, and keeps only the newest copies',
      parameters: z.strictObject({ keep: within(z.int, 1, 1_000).default(7) }),
      run: async ({ keep }, { signal, count }) => {
        const { file, bytes, deleted } = await backups.backUp({ keep, signal })
        count({ files: 1 + deleted, bytes })
        return `${file}: ${bytes} bytes; ${deleted} older backups deleted.`
      },
    }),
    'optimise-database': define({
      description: 'Updates the statistics of the database, and frees the disk space of deleted rows',
      parameters: NOTHING,
      run: async (_, { signal, count }) => {
        const bytes = await optimise(signal)
        count({ bytes })
        return `Done; ${bytes} bytes of disk space freed.`
      },
    }),
  }
}

/** A check that found damage has done its work, but operators are notified only of failed steps. */
function failedIf(isFailed: boolean, summary: string): string {
  if (isFailed) throw new StepFailure(summary)
  return summary
}

/** Limits of the history: for the runs of all jobs, of each job, and for their age. */
export const pruneHistory = (prune: HistoryRepo['prune'], jobs: Jobs['list'], clock: Clock): Action =>
  define({
    description:
      'Deletes old runs from the history: beyond the newest of all jobs, beyond the newest of each, and by age',
    parameters: z.strictObject({
      keepRuns: within(z.int, 1, 10_000_000).default(20_000),
      keepRunsPerJob: within(z.int, 1, 10_000_000).default(3_000),
      keepDays: within(z.int, 1, 36_500).default(90),
    }),
    run: async ({ keepRuns, keepRunsPerJob, keepDays }, { signal, count }) => {
      const rules = [
        { before: clock() - keepDays * DAY_MS },
        ...(await jobs()).map(({ id }) => ({ keep: keepRunsPerJob, jobId: id })),
        { keep: keepRuns },
      ]
      let deleted = 0
      for (const rule of rules) {
        for (let batch = await prune(rule, PRUNE_BATCH); batch > 0; batch = await prune(rule, PRUNE_BATCH)) {
          deleted += batch
          count({ rows: batch })
          signal.throwIfAborted()
        }
      }
      return `${deleted} runs deleted.`
    },
  })

export const deliverWebhook = ({ get, known, notify }: Pick<Operators, 'get' | 'known' | 'notify'>): Action =>
  define({
    description: 'Sends a message to an operator, by webhook or mail',
    parameters: z.strictObject({
      operator: z.string('must be the name of an operator'),
      message: z.string().max(10_000).default(''),
    }),
    assert: async ({ operator }) => void (await known(operator)),
    run: async ({ operator, message }, { signal, count }) => {
      const { name, ...rest } = await get(operator)
      const news = { id: newId(), subject: 'Mayfly job', text: `${message}\n`, json: { event: 'job.step', message } }
      await notify({ name, ...rest }, news, signal)
      count({ rows: 1 })
      return `Told ${name}.`
    },
  })

const PRUNE_BATCH = 500
const DAY_MS = 24 * 60 * 60 * 1000

/** Uses one message for both limits, so that it always contains the allowed range. */
function within(kind: typeof z.int | typeof z.number, least: number, most: number) {
  const words = `must be a ${kind === z.int ? 'whole ' : ''}number from ${least} to ${most}`
  return kind(words).min(least, words).max(most, words)
}
