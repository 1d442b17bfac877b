import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import type { TestApp } from '../../helpers/make-app.ts'
import { makeAppWithRoutes, pathOf, type Route } from '../../helpers/routes.ts'

/** Nobody gets at an account or at everybody's without being asked who he is, on whatever route (Plik §1.1, §1.2). */

const under = (routes: Route[], prefix: RegExp): Route[] => routes.filter(({ url }) => prefix.test(url))

async function statusesOf(app: TestApp, routes: Route[], headers: Record<string, string>): Promise<string[]> {
  const answers: string[] = []
  for (const route of routes) {
    const { method } = route
    const body = ['GET', 'HEAD'].includes(method) ? null : '{}'
    answers.push(`${method} ${route.url} ${(await fetch(app.url + pathOf(route), { method, headers, body })).status}`)
  }
  return answers
}

const expected = (routes: Route[], status: number) => routes.map(({ method, url }) => `${method} ${url} ${status}`)

const PERSONAL = /^\/(me|user|users|uploads|stats|jobs)(\/|$)/
const FOR_ADMINISTRATORS = /^\/(users|uploads|stats|jobs)(\/|$)|^\/user$/

test('the routes that everybody knows are among those that are tried', async () => {
  const { routes: all } = await makeAppWithRoutes(WITH_ACCOUNTS)

  const known = under(all, PERSONAL).map(({ method, url }) => `${method} ${url}`)

  expect(known).toEqual(
    expect.arrayContaining(['PATCH /me', 'DELETE /me/token/:token', 'GET /users/search', 'POST /user/:userId']),
  )
})

test('strangers, and administrators who show a token only, are asked to log in', async () => {
  const { app, routes: all } = await makeAppWithRoutes(WITH_ACCOUNTS)
  const { user } = await givenSession(app, 'root', { isAdmin: true })
  const { token } = await app.accounts.tokens.create(user, '')
  const routes = under(all, PERSONAL)

  expect(await statusesOf(app, routes, {})).toEqual(expected(routes, 401))
  expect(await statusesOf(app, routes, { 'X-PlikToken': token })).toEqual(expected(routes, 401))
})

test('users who are no administrators see nothing of others', async () => {
  const { app, routes: all } = await makeAppWithRoutes(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const routes = [...under(all, FOR_ADMINISTRATORS), ...under(all, /^\/user\/:userId$/)]

  expect(await statusesOf(app, routes, headers)).toEqual(expected(routes, 403))
})

test('whatever changes something refuses a session without the xsrf value', async () => {
  const { app, routes: all } = await makeAppWithRoutes(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  const routes = under(all, PERSONAL).filter(({ method }) => method !== 'GET' && method !== 'HEAD')

  expect(await statusesOf(app, routes, { Cookie: headers.Cookie })).toEqual(expected(routes, 403))
})

test('without authentication nobody is anybody', async () => {
  const { app, routes: all } = await makeAppWithRoutes({})
  const routes = under(all, PERSONAL)

  expect(await statusesOf(app, routes, { Cookie: 'plik-session=x' })).toEqual(expected(routes, 401))
})
