import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Nobody gets at an account or at everybody's without being asked who he is, on whatever route (Plik §1.1, §1.2). */

interface Route {
  method: string
  path: string
}

/** Every route there is, from the tree that the router prints; parameters are filled with something. */
function routesOf(app: TestApp): Route[] {
  const parents: string[] = []
  return app.server
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', segment, methods = ''] = /^([ │]*)[├└]── (\S+) \(([A-Z, ]+)\)/.exec(line) ?? []
      if (segment === undefined) return []
      const depth = indent.length / 4
      const path = (parents[depth - 1] ?? '') + segment
      parents[depth] = path
      return methods.split(', ').map((method) => ({ method, path: path.replace(/:\w+/g, 'x').replace('//', '/') }))
    })
}

const under = (app: TestApp, prefix: RegExp): Route[] =>
  routesOf(app).filter(({ method, path }) => prefix.test(path) && method !== 'OPTIONS')

async function statusesOf(app: TestApp, routes: Route[], headers: Record<string, string>): Promise<string[]> {
  const answers: string[] = []
  for (const { method, path } of routes) {
    const body = ['GET', 'HEAD'].includes(method) ? null : '{}'
    answers.push(`${method} ${path} ${(await fetch(app.url + path, { method, headers, body })).status}`)
  }
  return answers
}

const expected = (routes: Route[], status: number) => routes.map(({ method, path }) => `${method} ${path} ${status}`)

const PERSONAL = /^\/(me|user|users|uploads|stats|jobs)(\/|$)/
const FOR_ADMINISTRATORS = /^\/(users|uploads|stats|jobs)(\/|$)|^\/user$/

test('the routes that everybody knows are among those that are tried', async () => {
  const app = await makeApp(WITH_ACCOUNTS)

  const known = under(app, PERSONAL).map(({ method, path }) => `${method} ${path}`)

  expect(known).toEqual(
    expect.arrayContaining(['PATCH /me', 'DELETE /me/token/x', 'GET /users/search', 'POST /user/x']),
  )
})

test('strangers, and administrators who show a token only, are asked to log in', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { user } = await givenSession(app, 'root', { isAdmin: true })
  const { token } = await app.accounts.tokens.create(user, '')
  const routes = under(app, PERSONAL)

  expect(await statusesOf(app, routes, {})).toEqual(expected(routes, 401))
  expect(await statusesOf(app, routes, { 'X-PlikToken': token })).toEqual(expected(routes, 401))
})

test('users who are no administrators see nothing of others', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const routes = [...under(app, FOR_ADMINISTRATORS), ...under(app, /^\/user\/x$/)]

  expect(await statusesOf(app, routes, headers)).toEqual(expected(routes, 403))
})

test('whatever changes something refuses a session without the xsrf value', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  const routes = under(app, PERSONAL).filter(({ method }) => method !== 'GET' && method !== 'HEAD')

  expect(await statusesOf(app, routes, { Cookie: headers.Cookie })).toEqual(expected(routes, 403))
})

test('without authentication nobody is anybody', async () => {
  const app = await makeApp()
  const routes = under(app, PERSONAL)

  expect(await statusesOf(app, routes, { Cookie: 'plik-session=x' })).toEqual(expected(routes, 401))
})
