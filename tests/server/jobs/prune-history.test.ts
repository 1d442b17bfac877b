import { expect, test } from 'vitest'
import { acting, givenEngine } from './given-engine.ts'

const DAY = 24 * 3_600_000

/** Two jobs that ran three times each, in turns, a minute apart. */
async function givenHistory() {
  const engine = await givenEngine({ ok: acting(() => 'Done.') })
  for (const name of ['a', 'b']) await engine.jobs.create({ name, steps: [{ name: 'x', action: 'ok' }] })
  for (const name of ['a', 'b', 'a', 'b', 'a', 'b']) {
    await (await engine.control.start(name, 'test')).ended
    engine.advance(60_000)
  }
  return engine
}

type Engine = Awaited<ReturnType<typeof givenEngine>>

async function prune({ control, jobs }: Engine, parameters: object): Promise<string | undefined> {
  await jobs.create({ name: 'prune', steps: [{ name: 'x', action: 'prune-history', parameters: { ...parameters } }] })
  const { id } = await (await control.start('prune', 'test')).ended
  return (await control.getRun(id)).steps[0]?.message
}

async function left({ control, jobs }: Engine) {
  const names = new Map((await jobs.list()).map(({ id, name }) => [id, name]))
  const { runs } = await control.listRuns({}, 100, 0)
  return runs.map(({ run, steps }) => `${names.get(run.jobId)}${steps.length}`).join(' ')
}

test('of each job the newest runs are kept, with their steps', async () => {
  const engine = await givenHistory()

  expect(await prune(engine, { keepRunsPerJob: 2 })).toBe('2 runs deleted.')

  expect(await left(engine)).toBe('prune1 b1 a1 b1 a1')
})

test('of all jobs together the newest runs are kept', async () => {
  const engine = await givenHistory()

  expect(await prune(engine, { keepRuns: 2 })).toBe('4 runs deleted.')

  expect(await left(engine)).toBe('prune1 b1 a1')
})

test('no run is kept for longer than it may be, and one that is under way stays', async () => {
  const engine = await givenHistory()
  engine.advance(2 * DAY - 6 * 60_000)

  expect(await prune(engine, { keepDays: 2 })).toBe('0 runs deleted.')
  engine.advance(60_001)
  await engine.jobs.remove('prune')
  expect(await prune(engine, { keepDays: 2 })).toBe('2 runs deleted.')

  expect(await left(engine)).toBe('prune1 b1 a1 b1 a1')
})
