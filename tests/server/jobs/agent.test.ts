import { expect, test } from 'vitest'
import { waitFor } from '../../helpers/wait.ts'
import { acting, givenEngine, momentsOf } from './given-engine.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const ok = acting(() => 'Done.')
const STEPS = [{ name: 'a', action: 'ok' }]

type Engine = Awaited<ReturnType<typeof givenEngine>>

async function givenJob(engine: Engine, cron: string, more: object = {}, job: object = {}): Promise<void> {
  await engine.jobs.createSchedule({ name: 'schedule', kind: 'cron', cron, ...more })
  await engine.jobs.create({ name: 'job', steps: STEPS, schedules: ['schedule'], ...job })
}

/** A round of the agent, and the end of what it began. */
async function tick(engine: Engine): Promise<void> {
  await engine.agent.tick()
  await waitFor(async () => expect((await engine.control.get('job')).current).toBeUndefined())
}

test('a moment is run when it has come, not before, and once', async () => {
  const engine = await givenEngine({ ok })
  await givenJob(engine, '* * * * *')

  engine.advance(MINUTE - 1)
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toEqual([])

  engine.advance(1)
  await tick(engine)
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toEqual([{ at: '2026-01-01T12:01:00.000Z', outcome: 'succeeded' }])
})

test('replicas that look at the same time run a moment once', async () => {
  const first = await givenEngine({ ok })
  const replicas = [first, await givenEngine({ ok }, first), await givenEngine({ ok }, first)]
  await givenJob(first, '* * * * *')

  for (let minute = 0; minute < 5; minute += 1) {
    for (const replica of replicas) replica.advance(MINUTE)
    await Promise.all(replicas.map(tick))
  }

  expect((await momentsOf(first, 'job')).map(({ at }) => at)).toEqual([
    '2026-01-01T12:01:00.000Z',
    '2026-01-01T12:02:00.000Z',
    '2026-01-01T12:03:00.000Z',
    '2026-01-01T12:04:00.000Z',
    '2026-01-01T12:05:00.000Z',
  ])
})

test('a round that comes a little late makes up for every moment, after downtime for one', async () => {
  const engine = await givenEngine({ ok })
  await givenJob(engine, '*/10 * * * * *')

  engine.advance(30 * SECOND)
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toHaveLength(3)

  engine.advance(DAY)
  await tick(engine)
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toHaveLength(4)

  engine.advance(10 * SECOND)
  await tick(engine)
  expect((await momentsOf(engine, 'job')).at(-1)).toEqual({ at: '2026-01-02T12:00:40.000Z', outcome: 'succeeded' })
})

test('a moment that finds the job still running is noted as cancelled', async () => {
  const gate = Promise.withResolvers<string>()
  const engine = await givenEngine({ ok: acting(() => gate.promise) })
  await givenJob(engine, '* * * * *')

  engine.advance(MINUTE)
  await engine.agent.tick()
  engine.advance(MINUTE)
  await engine.agent.tick()
  gate.resolve('')
  await tick(engine)

  expect(await momentsOf(engine, 'job')).toEqual([
    { at: '2026-01-01T12:01:00.000Z', outcome: 'succeeded' },
    { at: '2026-01-01T12:02:00.000Z', outcome: 'cancelled' },
  ])
})

test('one job may have many schedules, one schedule many jobs', async () => {
  const engine = await givenEngine({ ok })
  await engine.jobs.createSchedule({ name: 'even', kind: 'cron', cron: '*/2 * * * *' })
  await engine.jobs.createSchedule({ name: 'third', kind: 'cron', cron: '*/3 * * * *' })
  await engine.jobs.create({ name: 'job', steps: STEPS, schedules: ['even', 'third'] })
  await engine.jobs.create({ name: 'other', steps: STEPS, schedules: ['third'] })

  for (let minute = 0; minute < 6; minute += 1) {
    engine.advance(MINUTE)
    await tick(engine)
  }

  expect((await momentsOf(engine, 'job')).map(({ at }) => at?.slice(14, 16))).toEqual(['02', '03', '04', '06', '06'])
  expect((await momentsOf(engine, 'other')).map(({ at }) => at?.slice(14, 16))).toEqual(['03', '06'])
})

test('a schedule for once runs once, late rather than never', async () => {
  const engine = await givenEngine({ ok })
  await engine.jobs.createSchedule({ name: 'soon', kind: 'once', at: '2026-01-01T15:00:00+01:00' })
  await engine.jobs.create({ name: 'job', steps: STEPS, schedules: ['soon'] })

  await tick(engine)
  expect(await momentsOf(engine, 'job')).toEqual([])

  engine.advance(DAY)
  await tick(engine)
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toEqual([{ at: '2026-01-01T14:00:00.000Z', outcome: 'succeeded' }])
})

test('a schedule for once is refused when its moment has passed, but may still be renamed after that', async () => {
  const engine = await givenEngine({ ok })
  const now = '2026-01-01T13:00:00+01:00'
  const refused = { kind: 'bad_request', message: 'at: 2026-01-01T12:00:00.000Z has passed already' }

  await expect(engine.jobs.createSchedule({ name: 'once', kind: 'once', at: now })).rejects.toMatchObject(refused)
  await engine.jobs.createSchedule({ name: 'once', kind: 'once', at: '2026-01-01T12:00:00.001Z' })
  await expect(engine.jobs.changeSchedule('once', { at: now })).rejects.toMatchObject(refused)
  engine.advance(DAY)
  expect(await engine.jobs.changeSchedule('once', { name: 'done' })).toMatchObject({ name: 'done' })
})

test('moments outside of the active time are left out, both ends are inside', async () => {
  const engine = await givenEngine({ ok })
  await givenJob(engine, '* * * * *', { activeFrom: '2026-01-01T12:03:00Z', activeTo: '2026-01-01T12:04:00Z' })

  for (let minute = 0; minute < 7; minute += 1) {
    engine.advance(MINUTE)
    await tick(engine)
  }

  expect((await momentsOf(engine, 'job')).map(({ at }) => at?.slice(14, 16))).toEqual(['03', '04'])
})

test('what is disabled is not run, and is not made up for when it is enabled', async () => {
  const engine = await givenEngine({ ok })
  await givenJob(engine, '* * * * *')
  const minute = async () => {
    engine.advance(MINUTE)
    await tick(engine)
  }

  await engine.jobs.change('job', { isEnabled: false })
  await minute()
  await engine.jobs.change('job', { isEnabled: true })
  await engine.jobs.changeSchedule('schedule', { isEnabled: false })
  await minute()
  await engine.jobs.changeSchedule('schedule', { isEnabled: true })
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toEqual([])

  await minute()
  expect((await momentsOf(engine, 'job')).map(({ at }) => at?.slice(14, 16))).toEqual(['03'])
})

test('an agent that is stopped runs nothing by itself and says so, on every replica', async () => {
  const engine = await givenEngine({ ok })
  const replica = await givenEngine({ ok }, engine)
  await givenJob(engine, '* * * * *')
  await engine.agent.tick()
  expect(await engine.control.agentStatus()).toMatchObject({ isRunning: true, isEnabled: true, replicas: [{}] })

  await engine.control.setAgentEnabled(false)
  replica.advance(MINUTE)
  await tick(replica)
  expect(await momentsOf(engine, 'job')).toEqual([])
  expect(await engine.control.agentStatus()).toMatchObject({ isRunning: false, isEnabled: false })
  expect((await (await engine.control.start('job', 'test')).ended).outcome).toBe('succeeded')

  await engine.control.setAgentEnabled(true)
  await tick(replica)
  expect(await momentsOf(engine, 'job')).toContainEqual({ at: '2026-01-01T12:01:00.000Z', outcome: 'succeeded' })
})

test('with no server there the agent does not run', async () => {
  const engine = await givenEngine({ ok })
  await engine.agent.tick()

  engine.advance(30 * SECOND)
  expect((await engine.control.agentStatus()).isRunning).toBe(true)
  engine.advance(1)
  expect((await engine.control.agentStatus()).isRunning).toBe(false)
})

/** Rounds of the agent for so long; the first of them sees what there is. */
async function goRounds(engine: Engine, ms: number): Promise<void> {
  await engine.agent.tick()
  for (let passed = 0; passed < ms; passed += 10 * SECOND) {
    engine.advance(10 * SECOND)
    await engine.agent.tick()
  }
}

/** A replica that dies in the middle of a job. */
async function givenDeath(more: object = {}) {
  const dying = await givenEngine({ ok: acting(() => new Promise(() => {})) })
  const other = await givenEngine({ ok }, dying)
  await givenJob(dying, '*/30 * * * *', more)
  for (const engine of [dying, other]) engine.advance(30 * MINUTE)
  await dying.agent.tick()
  return other
}

test('a run whose replica died is closed as failed within a minute, not while it may be alive', async () => {
  const other = await givenDeath()

  await goRounds(other, 20 * SECOND)
  expect(await momentsOf(other, 'job')).toMatchObject([{ outcome: 'in_progress' }])

  other.advance(10 * SECOND)
  await tick(other)
  expect(await momentsOf(other, 'job')).toMatchObject([{ outcome: 'failed' }])
  const { runs } = await other.control.listRuns({}, 1, 0)
  expect(runs[0]?.run.message).toMatch(/^The server .+ died\.$/)
  expect(runs[0]?.steps).toMatchObject([{ outcome: 'failed' }])
})

test('a run is closed for no wall clock, however far it leaps', async () => {
  const other = await givenDeath()

  await other.agent.tick()
  for (const ms of [20 * MINUTE, 400 * DAY, -500 * DAY]) {
    other.leap(ms)
    await other.agent.tick()
  }

  const { runs } = await other.control.listRuns({}, 10, 0)
  expect(runs.filter(({ run }) => run.outcome === 'failed')).toEqual([])
})

test('if its schedule says so it is run again, once', async () => {
  const other = await givenDeath({ rerunLost: true })
  const replica = await givenEngine({ ok: acting(() => new Promise(() => {})) }, other)
  const third = await givenEngine({ ok }, other)

  for (const engine of [replica, third]) engine.advance(30 * MINUTE)
  await goRounds(replica, 30 * SECOND)
  await goRounds(third, 30 * SECOND)
  await tick(third)

  const { runs } = await other.control.listRuns({}, 10, 0)
  expect(runs.map(({ run }) => run.outcome)).toEqual(['failed', 'failed'])
  expect(runs[0]?.run.requestedBy).toMatch(/^lost run /)
})

test('a clock that leaps a day ahead and back runs a moment each, and then continues as before', async () => {
  const engine = await givenEngine({ ok })
  await givenJob(engine, '* * * * *')
  const minute = async (ms = MINUTE) => {
    engine.advance(ms)
    await tick(engine)
  }

  await minute()
  engine.leap(DAY)
  await tick(engine)
  expect(await momentsOf(engine, 'job')).toHaveLength(2)

  await minute(MINUTE)
  expect(await momentsOf(engine, 'job')).toHaveLength(3)
  engine.leap(-DAY)
  await tick(engine)
  await minute()
  await minute()
  expect((await engine.control.listRuns({}, 99, 0)).total).toBe(5)
  expect((await engine.control.get('job')).nextRunAt).toBe(engine.clock() + MINUTE)
})

test('jobs that belong to the start run when a server starts, once though several start', async () => {
  const gate = Promise.withResolvers<string>()
  const first = await givenEngine({ ok: acting(() => gate.promise) })
  const second = await givenEngine({ ok }, first)
  await first.jobs.createSchedule({ name: 'start', kind: 'start' })
  await first.jobs.create({ name: 'job', steps: STEPS, schedules: ['start'] })

  await Promise.all([first.agent.start(), second.agent.start()])
  gate.resolve('')
  await tick(first)

  const { runs } = await first.control.listRuns({}, 10, 0)
  expect(runs.map(({ run }) => run.trigger)).toContain('start')
  expect(runs.every(({ run }) => run.outcome === 'succeeded')).toBe(true)
})
