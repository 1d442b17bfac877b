import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { migrate } from '../../../server/database/migrate.ts'
import type { DatabaseLocation } from '../../../server/database/open-database.ts'
import type { Action, ActionContext } from '../../../server/jobs/action-registry.ts'
import { createJobEngine, type JobEngine } from '../../../server/jobs/job-engine.ts'
import { momentText } from '../../../server/jobs/job-shapes.ts'
import type { Channels } from '../../../server/notifications/operators.ts'
import { givenDatabase, givenLocation } from '../database/given-database.ts'

/** An action that does what a test says. */
export const acting = (run: (context: ActionContext) => Promise<string> | string): Action => ({
  description: 'does what a test says',
  parameters: z.strictObject({}),
  run: async (_, context) => run(context),
})

const START = Date.parse('2026-01-01T12:00:00Z')

/** A job engine with the actions of a test, on a clock that stands still; several on one location are replicas. */
export async function givenEngine(
  actions: Record<string, Action>,
  given?: { location?: DatabaseLocation; channels?: Partial<Channels> },
) {
  const location = given?.location ?? (await givenLocation())
  const database = givenDatabase(location)
  await migrate(database.db)
  let now = START
  let elapsed = 0
  const log = pino({ level: 'silent' })
  const engine: JobEngine = createJobEngine({
    database,
    actions,
    channels: { smtpUrl: '', mailFrom: '', allowPrivateWebhooks: false, ...given?.channels },
    clock: () => now,
    steady: () => elapsed,
    makeRoom: () => {},
    countBroken: async () => 0,
    log,
  })
  onTestFinished(() => engine.agent.stop())
  const leap = (ms: number): void => {
    now += ms
  }
  const advance = (ms: number): void => {
    leap(ms)
    elapsed += ms
  }
  return { ...engine, location, db: database.db, advance, leap, clock: () => now }
}

/** The history of a job as its moments, oldest first. */
export async function momentsOf({ control, jobs }: JobEngine, name: string) {
  const { id } = await jobs.get(name)
  const { runs } = await control.listRuns({ jobId: id }, 1_000, 0)
  return runs
    .map(({ run }) => ({ at: momentText(run.scheduledFor), outcome: run.outcome }))
    .sort((a, b) => String(a.at).localeCompare(String(b.at)))
}
