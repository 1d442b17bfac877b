import { expect, test } from 'vitest'
import { givenSession } from '../../helpers/accounts.ts'
import { answerOf } from '../../helpers/answers.ts'
import { fileForm } from '../../helpers/client.ts'
import type { TestApp } from '../../helpers/make-app.ts'
import { makeAppWithRoutes, pathOf, type Route } from '../../helpers/routes.ts'

/** What each route asks for before it answers. A new route has to be entered here, and keep to what is said of it (Plik §1.1, §1.2). */

const GUARDS = {
  /** Nothing: a login needs only its body. */
  nothing: [
    'GET /',
    'HEAD /',
    'GET /assets/*',
    'HEAD /assets/*',
    'GET /download-worker.js',
    'HEAD /download-worker.js',
    'GET /docs',
    'GET /docs/*',
    'GET /openapi.json',
    'GET /config',
    'HEAD /config',
    'GET /version',
    'HEAD /version',
    'GET /health',
    'HEAD /health',
    'GET /ready',
    'HEAD /ready',
    'GET /qrcode',
    'POST /auth/local/login',
    'GET /auth/logout',
    'GET /auth/oidc/login',
    'GET /auth/oidc/callback',
    'GET /auth/google/login',
    'GET /auth/google/callback',
    'GET /auth/github/login',
    'GET /auth/github/callback',
    'GET /auth/ovh/login',
    'GET /auth/ovh/callback',
    'POST /auth/cli/init',
    'POST /auth/cli/poll',
  ],
  /** The id of an upload, and its password if it has one. */
  link: [
    'GET /upload/:uploadId',
    'GET /file/:uploadId/:fileId/*',
    'HEAD /file/:uploadId/:fileId/*',
    'GET /stream/:uploadId/:fileId/*',
    'HEAD /stream/:uploadId/:fileId/*',
    'GET /archive/:uploadId/*',
    'HEAD /archive/:uploadId/*',
    'POST /archive/:uploadId',
  ],
  /** That the server takes uploads from the caller. */
  mayUpload: ['POST /', 'PUT /', 'PUT /:name', 'POST /upload', 'POST /tus', 'POST /tus/'],
  /** The upload's token, or its owner's session or API token. */
  uploadToken: [
    'PATCH /upload/:uploadId',
    'DELETE /upload/:uploadId',
    'PUT /upload/:uploadId/manifest',
    'POST /upload/:uploadId/requests',
    'GET /upload/:uploadId/requests',
    'DELETE /upload/:uploadId/requests/:requestId',
    'POST /file/:uploadId',
    'POST /file/:uploadId/:fileId/*',
    'DELETE /file/:uploadId/:fileId/*',
    'POST /stream/:uploadId/:fileId/*',
    'DELETE /stream/:uploadId/:fileId/*',
  ],
  /** The secret that its address ends with. */
  secretAddress: [
    'GET /tus/:secret',
    'HEAD /tus/:secret',
    'PATCH /tus/:secret',
    'PUT /tus/:secret',
    'POST /tus/:secret',
    'DELETE /tus/:secret',
  ],
  /** A guest's token. */
  requestToken: ['GET /request', 'POST /request', 'POST /request/', 'PUT /request/', 'PUT /request/:name'],
  /** The session of any user. */
  session: [
    'POST /auth/cli/approve',
    'GET /me',
    'PATCH /me',
    'DELETE /me',
    'GET /me/token',
    'POST /me/token',
    'DELETE /me/token/:token',
    'GET /me/uploads',
    'DELETE /me/uploads',
    'GET /me/stats',
    'GET /me/stats/activity/daily',
    'GET /me/stats/trending/uploads',
  ],
  /** That user's session, or an administrator's. */
  ownSession: ['GET /user/:userId', 'POST /user/:userId', 'DELETE /user/:userId'],
  /** An administrator's session. */
  administrator: [
    'GET /users',
    'GET /users/search',
    'POST /user',
    'GET /uploads',
    'GET /stats',
    'GET /stats/activity/daily',
    'GET /stats/trending/uploads',
    'GET /stats/trending/files',
    'GET /jobs',
    'POST /jobs',
    'GET /jobs/actions',
    'GET /jobs/agent',
    'POST /jobs/agent/start',
    'POST /jobs/agent/stop',
    'GET /jobs/history',
    'GET /jobs/history/:run',
    'GET /jobs/schedules',
    'POST /jobs/schedules',
    'GET /jobs/schedules/:schedule',
    'PATCH /jobs/schedules/:schedule',
    'DELETE /jobs/schedules/:schedule',
    'GET /jobs/operators',
    'POST /jobs/operators',
    'GET /jobs/operators/:operator',
    'PATCH /jobs/operators/:operator',
    'DELETE /jobs/operators/:operator',
    'GET /jobs/:job',
    'PATCH /jobs/:job',
    'DELETE /jobs/:job',
    'POST /jobs/:job/start',
    'POST /jobs/:job/stop',
  ],
}

type Guard = keyof typeof GUARDS
type Headers = Record<string, string>

/** Both protocols for uploads in several requests, as far as they need headers to be understood. */
const TUS = {
  'Tus-Resumable': '1.0.0',
  'Upload-Length': '1',
  'Upload-Offset': '0',
  'Content-Type': 'application/offset+octet-stream',
  'X-HTTP-Method-Override': 'PATCH',
}
const DRAFT = { 'Upload-Complete': '?1', 'Upload-Offset': '0' }

const routesOf = (...guards: Guard[]): Route[] =>
  guards
    .flatMap((guard) => GUARDS[guard])
    .map((route) => ({ method: route.split(' ')[0] ?? '', url: route.split(' ')[1] ?? '' }))

const isResumable = ({ url }: Route): boolean => url.startsWith('/tus')

const isChange = ({ method }: Route): boolean => method !== 'GET' && method !== 'HEAD'

/** Everything is switched on, and strangers may not upload. */
const givenApp = async () => {
  const made = await makeAppWithRoutes({ FEATURE_AUTHENTICATION: 'forced' })
  const { headers, user } = await givenSession(made.app, 'root', { isAdmin: true })
  return { ...made, headers, user }
}

/** A file of the administrator, as parameters of a path. */
async function givenFileOf(app: TestApp, headers: Headers, options: object = {}) {
  const { id: uploadId } = (await (
    await fetch(`${app.url}/upload`, { method: 'POST', headers, body: JSON.stringify(options) })
  ).json()) as { id: string }
  const added = await fetch(`${app.url}/file/${uploadId}`, { method: 'POST', headers, body: fileForm('x', 'x.zip') })
  const { id: fileId } = (await added.json()) as { id: string }
  return { uploadId, fileId, '*': 'x.zip' }
}

function ask(app: TestApp, route: Route, headers: Headers, parameters: Headers = {}): Promise<Response> {
  const { method, url } = route
  const body = !isChange(route) ? null : method === 'POST' && url === '/' ? fileForm('x') : '{}'
  return fetch(app.url + pathOf(route, parameters), { method, headers, body, redirect: 'manual' })
}

/** `METHOD path status`, for each route. */
async function statusesOf(
  app: TestApp,
  routes: Route[],
  headers: Headers,
  parameters: Headers = {},
): Promise<string[]> {
  const answers: string[] = []
  for (const route of routes) {
    const response = await ask(app, route, headers, parameters)
    answers.push(`${route.method} ${route.url} ${response.status}`)
    await response.body?.cancel()
  }
  return answers
}

const expected = (routes: Route[], status: number) => routes.map(({ method, url }) => `${method} ${url} ${status}`)

test('every route is in the table, and nothing else', async () => {
  const { routes } = await givenApp()

  const mounted = new Set(routes.map(({ method, url }) => `${method} ${url}`))

  expect(Object.values(GUARDS).flat().sort()).toEqual([...mounted].sort())
})

test('without credentials, each route gives what it gives to everybody, and nothing more', async () => {
  const { app, headers, user } = await givenApp()
  const locked = await givenFileOf(app, headers, { login: 'ann', password: 'secret' })
  const open = { ...(await givenFileOf(app, headers)), userId: user.id }
  const personal = routesOf('session', 'ownSession', 'administrator')

  const forAll = await statusesOf(app, routesOf('nothing'), {})
  expect(forAll.filter((answer) => / (401|403|5\d\d)$/.test(answer))).toEqual([])
  expect(await statusesOf(app, routesOf('link'), {}, locked)).toEqual(expected(routesOf('link'), 401))
  expect(await statusesOf(app, routesOf('link'), {}, open)).toEqual(expected(routesOf('link'), 200))
  expect(await statusesOf(app, routesOf('uploadToken'), {}, open)).toEqual(expected(routesOf('uploadToken'), 403))
  expect(await statusesOf(app, routesOf('requestToken'), {})).toEqual(expected(routesOf('requestToken'), 400))
  expect(await statusesOf(app, personal, {}, open)).toEqual(expected(personal, 401))
})

test.each([
  ['tus', TUS],
  ['the draft', DRAFT],
])('in %s, an address that nobody was given leads nowhere', async (protocol, headers) => {
  const { app } = await givenApp()
  const routes = routesOf('secretAddress').filter(({ method }) => protocol === 'tus' || method !== 'POST') // the override is of tus

  expect(await statusesOf(app, routes, headers)).toEqual(expected(routes, 404))
})

test('where strangers may not upload, they do so at no door', async () => {
  const { app } = await givenApp()
  const doors = routesOf('mayUpload').flatMap((route) =>
    (isResumable(route) ? [TUS, DRAFT] : [{}]).map((headers) => ({ route, headers })),
  )

  for (const { route, headers } of doors)
    expect([route.url, ...(await answerOf(ask(app, route, headers)))]).toEqual([
      route.url,
      400,
      'unable to create upload : anonymous uploads are disabled\n',
    ])
})

test('a session without the xsrf value changes nothing, and prepares nothing, at any door', async () => {
  const { app, headers, user } = await givenApp()
  const parameters = { ...(await givenFileOf(app, headers)), userId: user.id }
  const routes = routesOf('link', 'mayUpload', 'uploadToken', 'session', 'ownSession', 'administrator').filter(isChange)
  const cookie = { Cookie: headers.Cookie }

  const plain = routes.filter((route) => !isResumable(route))
  expect(await statusesOf(app, plain, cookie, parameters)).toEqual(expected(plain, 403))
  const resumable = routes.filter(isResumable)
  for (const protocol of [TUS, DRAFT])
    expect(await statusesOf(app, resumable, { ...protocol, ...cookie })).toEqual(expected(resumable, 403))
})

test('an API token is no way into an account, an administrator’s neither', async () => {
  const { app, user } = await givenApp()
  const { token } = await app.accounts.tokens.create(user, '')
  const personal = routesOf('session', 'ownSession', 'administrator')

  expect(await statusesOf(app, personal, { 'X-PlikToken': token }, { userId: user.id })).toEqual(
    expected(personal, 401),
  )
})

test('users who are no administrators see nothing of others', async () => {
  const { app, user: root } = await givenApp()
  const { headers } = await givenSession(app, 'grace')
  const routes = routesOf('ownSession', 'administrator')

  expect(await statusesOf(app, routes, headers, { userId: root.id })).toEqual(expected(routes, 403))
})

test('without authentication nobody is anybody', async () => {
  const { app } = await makeAppWithRoutes({})
  const routes = routesOf('session', 'ownSession', 'administrator')

  expect(await statusesOf(app, routes, { Cookie: 'plik-session=x' })).toEqual(
    routes.map(({ method, url }) => `${method} ${url} ${url === '/auth/cli/approve' ? 400 : 401}`),
  )
})
