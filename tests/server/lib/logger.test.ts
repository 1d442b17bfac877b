import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AppError, reworded } from '../../../server/lib/errors.ts'
import { createLogger } from '../../../server/lib/logger.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function givenLogger() {
  const written: string[] = []
  const log = await createLogger({ logLevel: 'info', logFormat: 'json' }, {
    write: (line: string) => written.push(line),
  } as never)
  const lines = () => written.splice(0).map((line) => JSON.parse(line))
  return { log, lines }
}

const refused = () => new AppError('database_unavailable', {}, { cause: new Error('ECONNREFUSED') })

test('the first failure of an outage is logged without a stack, and their number at its end', async () => {
  const { log, lines } = await givenLogger()

  for (let second = 0; second < 100; second += 1) {
    log.error({ err: refused() }, 'the job agent could not check for due jobs')
    log.child({ reqId: '1' }).error({ err: reworded(refused(), 'To continue: …') }, 'request failed')
    vi.advanceTimersByTime(1_000)
  }
  const during = lines()
  vi.advanceTimersByTime(60_000)
  log.error({ err: refused() }, 'again')

  expect(during).toEqual([
    {
      level: 50,
      time: expect.any(Number),
      outage: 'the database does not answer, please try again',
      reason: 'ECONNREFUSED',
      msg: 'the job agent could not check for due jobs; further failures are counted',
    },
  ])
  expect(lines()).toMatchObject([
    { outage: 'the database does not answer, please try again', failures: 200, msg: expect.stringContaining('over') },
    { reason: 'ECONNREFUSED', msg: 'again; further failures are counted' },
  ])
})

test('outages of several back ends are apart, and every other failure is logged each time', async () => {
  const { log, lines } = await givenLogger()
  const full = new AppError('no_space', {}, { cause: new Error('ENOSPC') })

  for (const err of [refused(), full, refused(), full]) log.error({ err }, 'failed')
  for (const err of [new Error('a bug'), new Error('a bug')]) log.error({ err }, 'failed')

  expect(lines().map(({ reason, err }) => reason ?? err.message)).toEqual(['ECONNREFUSED', 'ENOSPC', 'a bug', 'a bug'])
})

test('in readable logs, what a client chose begins no line of its own and moves no cursor', async () => {
  vi.useRealTimers()
  const output = new PassThrough()
  const log = await createLogger({ logLevel: 'info', logFormat: 'pretty' }, output as never)

  log.info({ file: '\u001b[31m\nforged' }, 'answered')

  expect(`${(await once(output, 'data'))[0]}`).toContain('file: "\\u001b[31m\\nforged"')
})
