import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { makeApp } from '../helpers/make-app.ts'
import { startPostgres } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

const SECONDS = 8

/** Two real servers on what `settings` says, and a job for each second; its moments once enough have passed. */
async function momentsOfTwoServers(settings: Record<string, string>): Promise<number[]> {
  const app = await makeApp(settings)
  const { jobs, control } = app.jobEngine
  const servers = [await spawnServer(settings), await spawnServer(settings)]
  await jobs.createSchedule({ name: 'each second', kind: 'cron', cron: '* * * * * *' })
  const steps = [{ name: 'purge', action: 'delete-metadata' }]
  const { id } = await jobs.create({ name: 'often', steps, schedules: ['each second'] })

  const runs = async () => (await control.listRuns({ jobId: id }, 100, 0)).runs.map(({ run }) => run)
  await waitFor(async () => expect((await runs()).length).toBeGreaterThanOrEqual(SECONDS))
  for (const server of servers) expect(await server.kill('SIGTERM')).toBe(0)

  const all = await runs()
  expect(all.every(({ outcome }) => ['succeeded', 'cancelled'].includes(outcome))).toBe(true)
  expect(all.some(({ outcome }) => outcome === 'succeeded')).toBe(true)
  return all.map(({ scheduledFor }) => scheduledFor as number).sort((a, b) => a - b)
}

const consecutive = (moments: number[]): number[] => moments.map((_, index) => (moments[0] as number) + index * 1_000)

test('two servers on one database run each moment of a schedule once, and leave none out', async () => {
  const moments = await momentsOfTwoServers({ DATA_DIR: temporaryFolder() })

  expect(moments).toEqual(consecutive(moments))
}, 60_000)

test.runIf(isInstalled('postgres'))(
  'so they do on PostgreSQL',
  async () => {
    const { url, stop } = await startPostgres()
    onTestFinished(stop)

    const moments = await momentsOfTwoServers({ DATA_DIR: temporaryFolder(), DATABASE_URL: `${url}/postgres` })

    expect(moments).toEqual(consecutive(moments))
  },
  60_000,
)
