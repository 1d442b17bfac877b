import { expect, test } from 'vitest'
import { givenSession, givenUser, type SessionHeaders, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { waitFor } from '../../helpers/wait.ts'

/** Whatever it holds. */
type Json = ReturnType<typeof JSON.parse>

/** Asks as somebody who is logged in; returns the status and what was answered, JSON or text. */
const askerOf = (app: TestApp, headers: SessionHeaders | Record<string, string>) =>
  async function ask(method: string, path: string, body?: unknown): Promise<[number, Json]> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(app.url + path, { method, headers, ...init })
    const text = await answer.text()
    return [answer.status, text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text]
  }

async function givenAdmin(settings: Record<string, string> = {}) {
  const app = await makeApp({ ...WITH_ACCOUNTS, ...settings })
  const { headers } = await givenSession(app, 'admin', { isAdmin: true })
  return { app, ask: askerOf(app, headers) }
}

const STEPS = [{ name: 'delete rows', action: 'delete-metadata' }]

test('an administrator who impersonates a user runs a job under the administrator’s own name', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'admin', { isAdmin: true })
  await givenUser(app, 'grace')
  const ask = askerOf(app, { ...headers, 'X-Plik-Impersonate': 'local:grace' })
  await ask('POST', '/jobs', { name: 'my job', steps: STEPS })

  const [, run] = await ask('POST', '/jobs/my%20job/start')

  expect(run).toMatchObject({ requestedBy: 'user admin' })
})

test('an admin creates a job, runs it, sees its history, changes and deletes it', async () => {
  const { app, ask } = await givenAdmin()

  const [, schedule] = await ask('POST', '/jobs/schedules', {
    name: 'nightly',
    kind: 'cron',
    cron: '30 2 * * *',
    timeZone: 'Europe/Berlin',
  })
  const [status, job] = await ask('POST', '/jobs', { name: 'my job', steps: STEPS, schedules: ['nightly'] })
  expect(status).toBe(200)
  expect(job).toMatchObject({
    name: 'my job',
    isEnabled: true,
    steps: [{ name: 'delete rows', action: 'delete-metadata', onSuccess: 'next', onFailure: 'quit_failure' }],
    schedules: [schedule.id],
    last: null,
    current: null,
    nextRunAt: expect.stringMatching(/T0[01]:30:00\.000Z$/),
  })

  const [, run] = await ask('POST', '/jobs/my%20job/start')
  expect(run).toMatchObject({ outcome: 'in_progress', trigger: 'manual', requestedBy: 'user admin' })
  await waitFor(async () => expect((await ask('GET', `/jobs/${job.id}`))[1].last?.outcome).toBe('succeeded'))
  const [, history] = await ask('GET', '/jobs/history?job=my%20job')
  expect(history).toMatchObject({
    total: 1,
    runs: [{ id: run.id, steps: [{ step: 1, message: '0 uploads deleted.' }] }],
  })
  expect((await ask('GET', `/jobs/history/${run.id}`))[1]).toEqual(history.runs[0])

  const [, changed] = await ask('PATCH', `/jobs/${job.id}`, { isEnabled: false })
  expect(changed).toMatchObject({ isEnabled: false, nextRunAt: null, steps: job.steps, schedules: [schedule.id] })

  expect(await ask('DELETE', `/jobs/${job.id}`)).toEqual([200, 'ok'])
  expect(await ask('GET', `/jobs/${job.id}`)).toEqual([404, `job ${job.id} not found\n`])
  expect((await app.jobEngine.jobs.list()).map(({ name }) => name)).not.toContain('my job')
})

test('what ships is listed with its next run, and may be deleted for good', async () => {
  const { app, ask } = await givenAdmin()

  const [, jobs] = await ask('GET', '/jobs')
  expect(jobs.map(({ name }: { name: string }) => name)).toEqual([
    'backup-database',
    'check-links',
    'optimise-database',
    'prune-history',
    'purge-abandoned-uploads',
    'purge-expired-uploads',
    'remove-orphans',
    'verify-digests',
  ])
  expect(jobs.every(({ nextRunAt }: { nextRunAt: string }) => nextRunAt !== null)).toBe(true)

  await ask('DELETE', '/jobs/check-links')
  await app.jobEngine.jobs.seed({ schedules: [], jobs: [{ name: 'check-links', steps: STEPS }] })
  expect(await ask('GET', '/jobs/check-links')).toEqual([404, 'job check-links not found\n'])
})

test.each([
  ['POST', '/jobs', { name: 'x' }, 'body/steps'],
  ['POST', '/jobs', { name: 'x', steps: [] }, 'body/steps'],
  ['POST', '/jobs', { name: '../x', steps: STEPS }, 'body/name'],
  ['POST', '/jobs', { name: 'check-links', steps: STEPS }, 'there is a job check-links already'],
  ['POST', '/jobs', { name: 'agent', steps: STEPS }, 'name: agent is taken by the API itself'],
  [
    'POST',
    '/jobs',
    { name: 'x', steps: [{ name: 'a', action: 'rm -rf' }] },
    'unknown action "rm -rf"; allowed are expire-uploads',
  ],
  [
    'POST',
    '/jobs',
    { name: 'x', steps: [{ name: 'a', action: 'verify-digests', parameters: { bytesPerSecond: 1 } }] },
    'parameters of verify-digests: bytesPerSecond: must be a whole number from 1000 to 100000000000',
  ],
  [
    'POST',
    '/jobs',
    { name: 'x', steps: [{ ...STEPS[0], parameters: { sql: 'drop' } }] },
    'parameters of delete-metadata',
  ],
  ['POST', '/jobs', { name: 'x', steps: [{ ...STEPS[0], onSuccess: 2 }] }, 'goes to a step that does not exist'],
  ['POST', '/jobs', { name: 'x', steps: STEPS, startStep: 2 }, 'startStep: the job has only 1 steps'],
  ['POST', '/jobs', { name: 'x', steps: STEPS, schedules: ['never'] }, 'unknown schedule "never"; there are at start'],
  ['POST', '/jobs', { name: 'x', steps: STEPS, notifyOn: 'failure' }, 'operator: is needed'],
  ['POST', '/jobs', { name: 'x', steps: STEPS, operator: 'nobody' }, 'unknown operator "nobody"; there are none'],
  [
    'POST',
    '/jobs',
    { name: 'x', steps: [{ name: 'a', action: 'deliver-webhook', parameters: { operator: 'nobody' } }] },
    'unknown operator "nobody"; there are none',
  ],
  [
    'PATCH',
    '/jobs/check-links',
    { steps: [{ name: 'a', action: 'deliver-webhook' }] },
    'parameters of deliver-webhook: operator: must be the name of an operator',
  ],
  ['POST', '/jobs', { name: 'x', steps: STEPS, sudo: true }, 'sudo'],
  ['POST', '/jobs/check-links/start', { step: 9 }, 'step 9 does not exist, the job has 2'],
  ['POST', '/jobs/schedules', { name: 'x', kind: 'cron', cron: '* * *' }, 'expected 5 or 6 fields'],
  ['POST', '/jobs/schedules', { name: 'x', kind: 'cron' }, 'cron: an expression is needed'],
  ['POST', '/jobs/schedules', { name: 'x', kind: 'once' }, 'at: a moment is needed'],
  ['POST', '/jobs/schedules', { name: 'x', kind: 'once', at: 'soon' }, 'must be a date and time with its offset'],
  [
    'POST',
    '/jobs/schedules',
    { name: 'x', kind: 'start', timeZone: 'Mars/Olympus' },
    'unknown time zone "Mars/Olympus"',
  ],
  [
    'POST',
    '/jobs/operators',
    { name: 'x', kind: 'webhook', target: 'http://10.0.0.1/' },
    'target: must be a URL that begins with https://',
  ],
  ['PATCH', '/jobs/check-links', { steps: 'none' }, 'body/steps'],
  ['GET', '/jobs/history?limit=501', undefined, 'limit'],
  ['GET', '/jobs/history?outcome=fine', undefined, 'outcome'],
])('%s %s with %j is refused, and it is said why', async (method, path, body, reason) => {
  const { ask } = await givenAdmin()

  const [status, text] = await ask(method, path, body)

  expect([status, text]).toEqual([400, expect.stringContaining(reason)])
})

test('a schedule that begins when years no longer have four digits brings no run', async () => {
  const { ask } = await givenAdmin()
  await ask('POST', '/jobs/schedules', {
    name: 'late',
    kind: 'cron',
    cron: '* * * * *',
    activeFrom: '9999-12-31T23:59:59Z',
  })

  const [status, job] = await ask('POST', '/jobs', { name: 'late', steps: STEPS, schedules: ['late'] })

  expect([status, job.nextRunAt]).toEqual([200, null])
})

test('a job may have a name in any script', async () => {
  const { ask } = await givenAdmin()

  const [status] = await ask('POST', '/jobs', { name: '每晚清理 été', steps: STEPS })
  const [, run] = await ask('POST', `/jobs/${encodeURIComponent('每晚清理 été')}/start`)

  expect([status, run.outcome]).toEqual([200, 'in_progress'])
})

test('the history can be filtered and paged', async () => {
  const { app, ask } = await givenAdmin()
  await ask('PATCH', '/jobs/prune-history', {
    steps: [{ name: 'a', action: 'prune-history', parameters: { keepRuns: 10_000_000 } }],
  })
  const run = async (name: string) => {
    await (await app.jobEngine.control.start(name, 'test')).ended
    app.advance(60_000)
  }
  for (const name of ['prune-history', 'remove-orphans', 'remove-orphans', 'remove-orphans']) await run(name)

  const [, all] = await ask('GET', '/jobs/history')
  const [, page] = await ask('GET', '/jobs/history?limit=1&offset=1')
  const [, ofJob] = await ask('GET', '/jobs/history?job=prune-history&outcome=succeeded')
  const [, early] = await ask('GET', `/jobs/history?to=${all.runs[2].startedAt}`)
  const [, late] = await ask('GET', `/jobs/history?from=${all.runs[2].startedAt}&outcome=failed`)

  expect(all).toMatchObject({ total: 4, runs: [{}, {}, {}, {}] })
  expect(page).toEqual({ total: 4, runs: [all.runs[1]] })
  expect(ofJob).toEqual({ total: 1, runs: [all.runs[3]] })
  expect(early).toEqual({ total: 2, runs: all.runs.slice(2) })
  expect(late).toEqual({ total: 0, runs: [] })
})

test('the agent is looked at, stopped and started', async () => {
  const { app, ask } = await givenAdmin()
  expect((await ask('GET', '/jobs/agent'))[1]).toEqual({ isRunning: false, isEnabled: true, replicas: [] })

  await app.jobEngine.agent.tick()
  expect((await ask('GET', '/jobs/agent'))[1]).toMatchObject({ isRunning: true, isEnabled: true, replicas: [{}] })
  expect((await ask('POST', '/jobs/agent/stop'))[1]).toMatchObject({ isRunning: false, isEnabled: false })
  expect((await ask('POST', '/jobs/agent/start'))[1]).toMatchObject({ isRunning: true, isEnabled: true })
})

test('a webhook’s secret is shown once', async () => {
  const { ask } = await givenAdmin({ WEBHOOK_PRIVATE_ADDRESSES: 'true' })

  const [, created] = await ask('POST', '/jobs/operators', {
    name: 'ops',
    kind: 'webhook',
    target: 'http://127.0.0.1/x',
  })
  expect(created.secret).toMatch(/^\w{32}$/)
  expect((await ask('GET', '/jobs/operators/ops'))[1].secret).toBeUndefined()
  expect((await ask('GET', '/jobs/operators'))[1]).toEqual([expect.not.objectContaining({ secret: expect.anything() })])

  const [, changed] = await ask('PATCH', '/jobs/operators/ops', { isEnabled: false })
  expect(changed).toEqual({
    id: created.id,
    name: 'ops',
    kind: 'webhook',
    target: 'http://127.0.0.1/x',
    isEnabled: false,
  })
})

const EVERY_ROUTE = [
  ['GET', '/jobs'],
  ['POST', '/jobs'],
  ['GET', '/jobs/actions'],
  ['GET', '/jobs/agent'],
  ['POST', '/jobs/agent/start'],
  ['POST', '/jobs/agent/stop'],
  ['GET', '/jobs/history'],
  ['GET', '/jobs/history/x'],
  ['GET', '/jobs/schedules'],
  ['POST', '/jobs/schedules'],
  ['GET', '/jobs/schedules/at%20start'],
  ['PATCH', '/jobs/schedules/at%20start'],
  ['DELETE', '/jobs/schedules/at%20start'],
  ['GET', '/jobs/operators'],
  ['POST', '/jobs/operators'],
  ['GET', '/jobs/operators/x'],
  ['PATCH', '/jobs/operators/x'],
  ['DELETE', '/jobs/operators/x'],
  ['GET', '/jobs/check-links'],
  ['PATCH', '/jobs/check-links'],
  ['DELETE', '/jobs/check-links'],
  ['POST', '/jobs/check-links/start'],
  ['POST', '/jobs/check-links/stop'],
] as const

test('only a logged-in admin has access to any of the routes', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'user')
  await givenUser(app, 'admin', { isAdmin: true })
  const user = askerOf(app, await sessionOf(app, 'user'))
  const stranger = askerOf(app, {})
  const forged = askerOf(app, { Cookie: (await sessionOf(app, 'admin')).Cookie })

  const statuses = async (ask: typeof user, routes: readonly (readonly [string, string])[]) =>
    new Set(
      await Promise.all(
        routes.map(async ([method, path]) => (await ask(method, path, method === 'GET' ? undefined : {}))[0]),
      ),
    )

  expect(await statuses(stranger, EVERY_ROUTE)).toEqual(new Set([401]))
  expect(await statuses(user, EVERY_ROUTE)).toEqual(new Set([403]))
  expect(
    await statuses(
      forged,
      EVERY_ROUTE.filter(([method]) => method !== 'GET'),
    ),
  ).toEqual(new Set([403]))
  expect((await app.jobEngine.jobs.list()).length).toBe(8)
})

test('the API describes itself, each of these routes, and shows a page that loads nothing from elsewhere', async () => {
  const app = await makeApp({ PATH_PREFIX: '/share' })

  const description = (await (await fetch(`${app.url}/openapi.json`)).json()) as Json
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.filter((route) => route.includes('/jobs'))).toHaveLength(EVERY_ROUTE.length)
  expect(description.servers).toEqual([{ url: '/share' }])
  expect(described).toContain('PATCH /jobs/{job}')
  const body = description.paths['/jobs'].post.requestBody.content['application/json'].schema
  expect(JSON.stringify(body)).toContain('retryAttempts')

  const page = await fetch(`${app.url}/docs/`)
  const html = await page.text()
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(html).not.toMatch(/https?:\/\//)
  const script = await fetch(new URL(html.match(/src="([^"]+)"/)?.[1] ?? '', page.url))
  expect([script.status, script.headers.get('content-type')]).toEqual([200, expect.stringContaining('javascript')])
})
