import { expect, test } from 'vitest'
import { waitFor } from '../../helpers/wait.ts'
import { acting, givenEngine } from './given-engine.ts'

type Engine = Awaited<ReturnType<typeof givenEngine>>

const step = (name: string, action: string, more: object = {}) => ({ name, action, ...more })

/** Runs a job to its end; returns what its history says. */
async function run({ control, jobs }: Engine, steps: object[], startStep?: number) {
  await jobs.create({ name: 'job', steps: steps as never })
  const { ended } = await control.start('job', 'test', startStep)
  const { id } = await ended
  return historyOf(control, id)
}

async function historyOf(control: Engine['control'], id: string) {
  const { run: outcome, steps } = await control.getRun(id)
  return {
    outcome: outcome.outcome,
    message: outcome.message,
    steps: steps.map(({ step: number, attempt, outcome: one, message }) => `${number}.${attempt} ${one}: ${message}`),
  }
}

const ok = acting(() => 'Done.')
const no = acting(() => {
  throw new Error('No.')
})

test('a job of three steps goes where success and failure send it, after every attempt that it may make', async () => {
  const engine = await givenEngine({ ok, no })

  const history = await run(engine, [
    step('first', 'ok', { onSuccess: 3 }),
    step('second', 'no', { retryAttempts: 2, onFailure: 'quit_success' }),
    step('third', 'no', { onFailure: 2 }),
  ])

  expect(history).toEqual({
    outcome: 'succeeded',
    message: 'The job succeeded. The last step to run was step 2 (second).',
    steps: ['1.1 succeeded: Done.', '3.1 failed: No.', '2.1 retrying: No.', '2.2 retrying: No.', '2.3 failed: No.'],
  })
})

test('a retry that succeeds is a success', async () => {
  let attempts = 0
  const flaky = acting(() => {
    attempts += 1
    if (attempts === 1) throw new Error('Not yet.')
    return 'Now.'
  })
  const engine = await givenEngine({ flaky })

  const history = await run(engine, [step('only', 'flaky', { retryAttempts: 1 })])

  expect(history.outcome).toBe('succeeded')
  expect(history.steps).toEqual(['1.1 retrying: Not yet.', '1.2 succeeded: Now.'])
})

test('by default a failure ends the job, and the last success ends it well', async () => {
  const failing = await givenEngine({ ok, no })
  const succeeding = await givenEngine({ ok, no })

  expect(await run(failing, [step('a', 'no'), step('b', 'ok')])).toMatchObject({
    outcome: 'failed',
    message: 'The job failed. The last step to run was step 1 (a).',
  })
  expect(await run(succeeding, [step('a', 'ok'), step('b', 'ok')])).toMatchObject({ outcome: 'succeeded' })
})

test('a success may count as failure, and continuing from the last step ends the job as that step ended', async () => {
  const quitting = await givenEngine({ ok })
  const goingOn = await givenEngine({ no })

  expect((await run(quitting, [step('a', 'ok', { onSuccess: 'quit_failure' })])).outcome).toBe('failed')
  expect((await run(goingOn, [step('a', 'no', { onFailure: 'next' })])).outcome).toBe('failed')
})

test('a job can be started at any of its steps, and at no other', async () => {
  const engine = await givenEngine({ ok })

  const history = await run(engine, [step('a', 'ok'), step('b', 'ok'), step('c', 'ok')], 2)

  expect(history.steps).toEqual(['2.1 succeeded: Done.', '3.1 succeeded: Done.'])
  await expect(engine.control.start('job', 'test', 4)).rejects.toThrow('step 4 does not exist, the job has 3')
})

test('steps that go round in circles end in a failure', async () => {
  const engine = await givenEngine({ ok })

  const history = await run(engine, [step('a', 'ok', { onSuccess: 1 })])

  expect(history.outcome).toBe('failed')
  expect(history.message).toBe('The steps go round in circles.')
  expect(history.steps).toHaveLength(300)
})

test('an action that is stopped ends at its signal, the run is cancelled, and what it counted is kept', async () => {
  const slow = acting(async ({ signal, count }) => {
    count({ rows: 5, bytes: 7 })
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return ''
  })
  const engine = await givenEngine({ slow })
  await engine.jobs.create({ name: 'job', steps: [step('a', 'slow'), step('b', 'slow')] })
  const { run: started, ended } = await engine.control.start('job', 'test')
  await waitFor(async () => expect((await engine.control.getRun(started.id)).steps).toHaveLength(1))

  await engine.control.stop('job')
  await ended

  const { run: after, steps } = await engine.control.getRun(started.id)
  const message = 'The job was stopped by an operator. The last step to run was step 1 (a).'
  expect(after).toMatchObject({ outcome: 'cancelled', message })
  expect(steps).toMatchObject([{ outcome: 'cancelled', rows: 5, files: 0, bytes: 7 }])
  await expect(engine.control.stop('job')).rejects.toThrow('job job is not running')
})

test('an action that does not heed its signal holds up neither a stop nor the next run', async () => {
  const deaf = acting(() => new Promise<string>(() => {}))
  const engine = await givenEngine({ deaf, ok })
  await engine.jobs.create({ name: 'job', steps: [step('a', 'deaf')] })
  const { ended } = await engine.control.start('job', 'test')
  const startedAt = performance.now()

  await engine.control.stop('job')

  expect((await ended).outcome).toBe('cancelled')
  expect(performance.now() - startedAt).toBeLessThan(6_000)
  await engine.jobs.change('job', { steps: [step('a', 'ok')] })
  expect((await (await engine.control.start('job', 'test')).ended).outcome).toBe('succeeded')
})

test('a step that takes longer than it may fails, and is tried again like any other failure', async () => {
  let attempts = 0
  const slow = acting(async ({ signal }) => {
    attempts += 1
    if (attempts === 2) return 'In time.'
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return ''
  })
  const engine = await givenEngine({ slow })

  const history = await run(engine, [step('a', 'slow', { timeoutSeconds: 1, retryAttempts: 1 })])

  expect(history.steps).toEqual(['1.1 retrying: The step took longer than 1 s.', '1.2 succeeded: In time.'])
})

test('a job does not run twice at the same time, by hand neither', async () => {
  const gate = Promise.withResolvers<string>()
  const engine = await givenEngine({ slow: acting(() => gate.promise) })
  await engine.jobs.create({ name: 'job', steps: [step('a', 'slow')] })

  const starts = await Promise.allSettled([1, 2, 3].map(() => engine.control.start('job', 'test')))
  gate.resolve('')

  const refused = starts.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(2)
  expect(refused[0]).toMatchObject({ reason: { kind: 'locked', message: 'job job is running already' } })
})

test('the end of the server cancels what runs', async () => {
  const slow = acting(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  const engine = await givenEngine({ slow })
  await engine.jobs.create({ name: 'job', steps: [step('a', 'slow')] })
  const { run: started } = await engine.control.start('job', 'test')

  await engine.agent.stop()

  expect((await engine.control.getRun(started.id)).run.outcome).toBe('cancelled')
})
