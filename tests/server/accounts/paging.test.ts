import { expect, test } from 'vitest'
import { givenSession, givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** Lists by the page (Plik §1.11 Paging). */

interface UsersPage {
  results: { login: string }[]
  before: string | null
  after: string | null
  total: number
}

/** Six users, a second apart, of whom the first lists. */
async function givenUsers() {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'user1', { isAdmin: true })
  for (const number of [2, 3, 4, 5, 6]) {
    app.advance(1000)
    await givenUser(app, `user${number}`)
  }
  const page = (query: string, more: Record<string, string> = {}) =>
    jsonOf<UsersPage & { id: string }>(fetch(`${app.url}/users${query}`, { headers: { ...headers, ...more } }))
  const answer = (query: string, more: Record<string, string> = {}) =>
    answerOf(fetch(`${app.url}/users${query}`, { headers: { ...headers, ...more } }))
  return { app, page, answer }
}

const logins = ({ results }: UsersPage) => results.map(({ login }) => login.replace('user', '')).join(' ')

test('pages lead on and back, newest first', async () => {
  const { page } = await givenUsers()

  const first = await page('?limit=2')
  const second = await page(`?limit=2&after=${first.after}`)
  const third = await page(`?limit=2&after=${second.after}`)
  const back = await page(`?limit=2&before=${third.before}`)

  expect([first, second, third, back].map(logins)).toEqual(['6 5', '4 3', '2 1', '4 3'])
  expect([first.before, third.after]).toEqual([null, null])
  expect([back.before, back.after]).toEqual([second.before, second.after])
  expect((await page(`?limit=2&before=${second.before}`)).before).toBeNull()
  expect([first, second, third].map(({ total }) => total)).toEqual([6, 6, 6])
})

test('the order can be turned around, and everything fits on one page when asked', async () => {
  const { page } = await givenUsers()

  expect(logins(await page('?order=asc&limit=2'))).toBe('1 2')
  expect(await page('?limit=6')).toMatchObject({ before: null, after: null })
})

test('rows that come meanwhile shift nothing', async () => {
  const { app, page } = await givenUsers()
  const first = await page('?limit=2')

  await givenUser(app, 'user7')

  expect(logins(await page(`?limit=2&after=${first.after}`))).toBe('4 3')
})

test('rows of the same moment are not lost between pages', async () => {
  const { app, page } = await givenUsers()
  app.advance(1000)
  await Promise.all([givenUser(app, 'same1'), givenUser(app, 'same2'), givenUser(app, 'same3')])

  const first = await page('?limit=2')
  const second = await page(`?limit=2&after=${first.after}`)

  expect([...first.results, ...second.results].map(({ login }) => login)).toEqual(['same3', 'same2', 'same1', 'user6'])
})

test('the header replaces the query (Plik X-Plik-Paging)', async () => {
  const { page, answer } = await givenUsers()

  expect(logins(await page('?limit=5&order=asc', { 'X-Plik-Paging': '{"limit":1}' }))).toBe('6')
  expect(await answer('', { 'X-Plik-Paging': 'nonsense' })).toEqual([400, 'invalid paging header\n'])
  expect(await answer('', { 'X-Plik-Paging': '{"limit":0}' })).toEqual([400, 'invalid limit\n'])
})

test('twenty come when nobody says how many', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  for (let index = 0; index < 21; index += 1) await fetch(`${app.url}/me/token`, { method: 'POST', headers })

  const page = await jsonOf<UsersPage & { id: string }>(fetch(`${app.url}/me/token`, { headers }))

  expect(page.results).toHaveLength(20)
  expect(page.total).toBe(21)
})

test.each([
  ['?limit=0', 'invalid limit'],
  ['?limit=-1', 'invalid limit'],
  ['?limit=x', 'invalid limit : "x" is not a whole number'],
  ['?limit=1.5', 'invalid limit : "1.5" is not a whole number'],
  ['?order=up', 'invalid order (must be one of desc, asc)'],
  ['?sort=name', 'invalid sort (must be one of date, size, lifetimeSize, downloadedBytes)'],
  ['?before=a&after=b', 'both before and after cursors set'],
  ['?after=nonsense', 'invalid cursor'],
  ['?after=WyJ4IiwieSJd', 'invalid cursor'],
  ['?admin=perhaps', 'invalid admin (must be true or false)'],
])('an invalid page is refused once, with the reason: %s (Plik §8 no. 16)', async (query, reason) => {
  const { answer } = await givenUsers()

  expect(await answer(query)).toEqual([400, `${reason}\n`])
})
