import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

/** A user's keys for programs (Plik §1.11, /me/token). */

type Headers = Record<string, string>

const create = (app: TestApp, headers: Headers, body = '') =>
  fetch(`${app.url}/me/token`, { method: 'POST', headers, body })

const createdBy = (app: TestApp, headers: Headers, comment: string) =>
  jsonOf<{ token: string; comment: string }>(create(app, headers, JSON.stringify({ comment })))

const list = (app: TestApp, headers: Headers, query = '') =>
  jsonOf<{ results: { token: string; comment: string }[]; total: number }>(
    fetch(`${app.url}/me/token${query}`, { headers }),
  )

const revoke = (app: TestApp, headers: Headers, token: string) =>
  fetch(`${app.url}/me/token/${token}`, { method: 'DELETE', headers })

const upload = (app: TestApp, token: string) =>
  fetch(`${app.url}/upload`, { method: 'POST', headers: { 'X-PlikToken': token } })

test('a token has the shape that clients expect, and uploads (Plik §3.1)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')

  const created = await jsonOf<{ token: string }>(create(app, headers))

  expect(created).toEqual({ token: expect.stringMatching(/^[0-9a-f-]{36}$/), createdAt: expect.any(String) })
  expect((await upload(app, created.token)).status).toBe(200)
})

test('a comment is kept; what the body says about token and date is not (Plik §1.11, done better)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const body = { comment: 'my laptop', token: 'mine', createdAt: '2001-01-01T00:00:00Z' }

  const created = await jsonOf(create(app, headers, JSON.stringify(body)))

  expect(created).toMatchObject({ comment: 'my laptop' })
  expect(created.token).not.toBe('mine')
  expect(created.createdAt).not.toContain('2001')
})

test('the list names tokens, newest first, and opens nothing', async () => {
  const { app, db } = await makeAppWithDatabase(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const other = await givenSession(app, 'edith')
  const first = await createdBy(app, headers, 'first')
  app.advance(1000)
  await createdBy(app, headers, 'second')
  await createdBy(app, other.headers, 'hers')

  const { results, total } = await list(app, headers)
  const stored = JSON.stringify(await db.selectFrom('tokens').selectAll().execute())

  expect(results.map(({ comment }) => comment)).toEqual(['second', 'first'])
  expect(total).toBe(2)
  expect(results[1]?.token).toMatch(/^[0-9a-f]{16}$/)
  expect((await upload(app, results[1]?.token as string)).status).toBe(403)
  expect(stored).not.toContain(first.token)
})

test('a token is revoked by the name in the list or by itself, and from then on refused (Plik §1.11)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const first = await createdBy(app, headers, 'first')
  const name = (await list(app, headers)).results[0]?.token as string
  const second = await createdBy(app, headers, 'second')

  expect(await answerOf(revoke(app, headers, name))).toEqual([200, 'ok'])
  expect(await answerOf(revoke(app, headers, second.token))).toEqual([200, 'ok'])
  expect(await answerOf(upload(app, first.token))).toEqual([403, 'invalid token\n'])
  expect((await upload(app, second.token)).status).toBe(403)
  expect(await answerOf(revoke(app, headers, name))).toEqual([404, 'token not found\n'])
})

test('a user can’t revoke the token of another user (Plik §1.11)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const root = await givenSession(app, 'root', { isAdmin: true })
  const { token } = await createdBy(app, headers, '')

  expect(await answerOf(revoke(app, root.headers, token))).toEqual([404, 'token not found\n'])
  expect((await upload(app, token)).status).toBe(200)
})

test('tokens can be listed by what they brought (Plik 1.4)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  for (const [comment, size] of [
    ['small', 1],
    ['large', 100],
    ['none', 0],
    ['middle', 10],
  ] as const) {
    const { token } = await createdBy(app, headers, comment)
    const form = new FormData()
    form.append('file', new Blob(['x'.repeat(size)]), 'file.txt')
    if (size > 0) await fetch(`${app.url}/`, { method: 'POST', headers: { 'X-PlikToken': token }, body: form })
  }

  const bySize = await list(app, headers, '?sort=size')
  const ascending = await list(app, headers, '?sort=size&order=asc')

  expect(bySize.results.map(({ comment }) => comment)).toEqual(['large', 'middle', 'small', 'none'])
  expect(ascending.results.map(({ comment }) => comment)).toEqual(['none', 'small', 'middle', 'large'])
  expect((await list(app, headers, '?sort=lifetimeSize&limit=1')).results).toMatchObject([
    { comment: 'large', stats: { usage: { uploads: { total: 1, bytes: 100 }, current: { totalSize: 100 } } } },
  ])
})

test('where tokens are switched off there are none to list or make (Plik 1.4)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_API_TOKENS: 'disabled' })
  const { headers } = await givenSession(app, 'grace')

  expect(await answerOf(create(app, headers))).toEqual([400, 'API tokens are disabled\n'])
  expect(await answerOf(fetch(`${app.url}/me/token`, { headers }))).toEqual([400, 'API tokens are disabled\n'])
})
