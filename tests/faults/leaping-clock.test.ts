import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../server/database/open-database.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled, pathOf } from '../helpers/programs.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

/** The real process with a wall clock that leaps: an administrator, a suspended laptop, a paused machine. */

const SECOND = 1_000
const HOUR = 60 * 60 * SECOND
const DAY = 24 * HOUR

async function givenServer() {
  const folder = temporaryFolder()
  const offset = join(folder, 'offset')
  const set = (ms: number): void => writeFileSync(offset, `${ms < 0 ? '-' : '+'}${Math.abs(ms) / SECOND}\n`)
  set(0)
  const server = await spawnServer(
    { DATA_DIR: join(folder, 'data') },
    {
      LD_PRELOAD: pathOf('faketime'),
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  )
  const location = { kind: 'sqlite' as const, file: join(server.dataDir, 'mayfly.db'), syncEachCommit: false }
  const { db, close } = openDatabase(location)
  onTestFinished(close)
  /** Of the job that is due each minute: moments that ran, and the one that comes next. */
  const moments = async () => {
    const { id } = await db
      .selectFrom('jobs')
      .select('id')
      .where('name', '=', 'purge-expired-uploads')
      .executeTakeFirstOrThrow()
    const ran = await db
      .selectFrom('jobRuns')
      .select('scheduledFor')
      .where('jobId', '=', id)
      .where('trigger', '=', 'schedule')
      .execute()
    const next = await db.selectFrom('jobSchedules').select('nextRunAt').where('jobId', '=', id).execute()
    return {
      ran: ran.map(({ scheduledFor }) => scheduledFor ?? Number.NaN),
      next: Math.max(...next.map(({ nextRunAt }) => nextRunAt ?? 0)),
    }
  }
  return { server, set, moments }
}

/** Asks all the time until aborted; resolves with how long the slowest answer took, in milliseconds. */
async function slowestAnswer(url: string, signal: AbortSignal): Promise<number> {
  let slowest = 0
  while (!signal.aborted) {
    const askedAt = performance.now()
    expect((await fetch(`${url}/health`)).status).toBe(200)
    slowest = Math.max(slowest, performance.now() - askedAt)
    await sleep(20)
  }
  return slowest
}

describe.skipIf(!isInstalled('faketime'))('when the wall clock leaps', () => {
  test('a server answers as before, and each job that became due runs once', { timeout: 120_000 }, async () => {
    const { server, set, moments } = await givenServer()
    const stop = new AbortController()
    const slowest = slowestAnswer(server.url, stop.signal)
    let before = await moments()

    for (const offset of [HOUR, HOUR + DAY, HOUR + 401 * DAY]) {
      set(offset)
      await waitFor(async () => expect((await moments()).next).toBeGreaterThan(Date.now() + offset))
      const after = await moments()
      const missed = after.ran.filter((moment) => !before.ran.includes(moment) && moment < Date.now() + offset - 90_000)
      expect(missed).toEqual([before.next]) // one of all that the clock left out
      before = after
    }
    const back = HOUR + 400 * DAY
    set(back)
    await waitFor(async () => expect((await moments()).next).toBeLessThanOrEqual(Date.now() + back + 60_000))

    stop.abort()
    expect(await slowest).toBeLessThan(SECOND)
    expect(server.output()).not.toContain('NODE-CRON')
    expect(await server.kill('SIGTERM')).toBe(0)
  })
})
