import { expect, test } from 'vitest'
import { givenUser, headersOf, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { CLIENT, oidcServer, type Person } from '../../helpers/oidc-server.ts'

/** Logging in at an OpenID Connect provider: a real one, started for the test (Plik 1.4, §1.10). */

const PUBLIC_URL = 'http://files.example.test'
const GRACE: Person = {
  sub: '8f9d056a-1dab',
  email: 'grace@example.org',
  email_verified: true,
  name: 'Grace Hopper',
  preferred_username: 'grace',
}

async function givenApp(person: Person = GRACE, settings: Record<string, string> = {}) {
  const { issuer } = await oidcServer(person, `${PUBLIC_URL}/auth/oidc/callback`)
  return makeApp({
    ...WITH_ACCOUNTS,
    PUBLIC_URL,
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: CLIENT.id,
    OIDC_CLIENT_SECRET: CLIENT.secret,
    ...settings,
  })
}

const cookiesOf = (response: Response): string[] =>
  response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] as string)

/** What a browser does between the page and the way back: follows the provider's redirects, with its cookies. */
async function visit(url: string): Promise<string> {
  const jar = new Map<string, string>()
  let next = url
  while (!next.startsWith(PUBLIC_URL)) {
    const headers = { Cookie: [...jar.values()].join('; ') }
    const response = await fetch(next, { headers, redirect: 'manual' })
    for (const pair of cookiesOf(response)) jar.set(pair.split('=')[0] as string, pair)
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${response.status} ${await response.text()}`)
    next = new URL(location, next).href
  }
  return next
}

/** From the button on the page until the provider sends the browser back. */
async function comeBack(app: TestApp) {
  const begun = await fetch(`${app.url}/auth/oidc/login`)
  const returned = await visit(await begun.text())
  return { path: returned.slice(PUBLIC_URL.length), Cookie: cookiesOf(begun).join('; ') }
}

const arrive = (app: TestApp, path: string, headers: Record<string, string>) =>
  fetch(app.url + path, { headers, redirect: 'manual' })

async function logIn(app: TestApp) {
  const { path, Cookie } = await comeBack(app)
  return arrive(app, path, { Cookie })
}

test('a user who logs in at the provider is logged in, with an account made the first time', async () => {
  const app = await givenApp()

  const arrived = await logIn(app)
  const { Cookie } = headersOf(arrived)

  expect([arrived.status, arrived.headers.get('location')]).toEqual([302, `${PUBLIC_URL}/#/login`])
  expect(await jsonOf(fetch(`${app.url}/me`, { headers: { Cookie } }))).toMatchObject({
    id: 'oidc:8f9d056a-1dab',
    provider: 'oidc',
    login: 'grace',
    name: 'Grace Hopper',
    email: 'grace@example.org',
    admin: false,
  })
})

test('a login through the provider lasts a day, then the provider is asked again', async () => {
  const app = await givenApp(GRACE, { SESSION_TIMEOUT: '365d' })
  await givenUser(app, 'edith')
  const arrived = await logIn(app)
  const grace = headersOf(arrived)
  const edith = await sessionOf(app, 'edith')
  const statusOf = async ({ Cookie }: { Cookie: string }) =>
    (await fetch(`${app.url}/me`, { headers: { Cookie } })).status

  expect(arrived.headers.getSetCookie().find((cookie) => cookie.startsWith('plik-session='))).toContain(
    'Max-Age=86400;',
  )
  app.advance(86_400_000 - 1)
  expect(await statusOf(grace)).toBe(200)
  app.advance(1)
  expect(await statusOf(grace)).toBe(403)
  expect(await statusOf(edith)).toBe(200)
  expect(await statusOf(headersOf(await logIn(app)))).toBe(200)
})

test('a shorter limit holds for logins that were made before it', async () => {
  const before = await givenApp(GRACE, { OIDC_SESSION_TIMEOUT: '30d' })
  const { Cookie } = headersOf(await logIn(before))
  const after = await makeApp({
    ...WITH_ACCOUNTS,
    DATA_DIR: before.dataDir,
    DATABASE_URL: before.databaseUrl,
    OIDC_SESSION_TIMEOUT: '1h',
  })
  after.advance(3_600_000)

  expect((await fetch(`${before.url}/me`, { headers: { Cookie } })).status).toBe(200)
  expect((await fetch(`${after.url}/me`, { headers: { Cookie } })).status).toBe(403)
})

test('a user who returns is the same user, with the rights and limits that were given', async () => {
  const app = await givenApp()
  await logIn(app)
  await app.accounts.users.update('oidc:8f9d056a-1dab', { isAdmin: true, name: 'Admiral' })

  const { Cookie } = headersOf(await logIn(app))

  expect(await jsonOf(fetch(`${app.url}/me`, { headers: { Cookie } }))).toMatchObject({ admin: true, name: 'Admiral' })
  expect(await app.accounts.users.count()).toBe(1)
})

test('two who come for the first time at once are one user', async () => {
  const app = await givenApp()

  const arrived = await Promise.all([logIn(app), logIn(app)])

  expect(arrived.map(({ status }) => status)).toEqual([302, 302])
  expect(await app.accounts.users.count()).toBe(1)
})

test('a local user of the same name is somebody else', async () => {
  const app = await givenApp()
  await givenUser(app, 'grace', { isAdmin: true })

  const { Cookie } = headersOf(await logIn(app))

  expect(await jsonOf(fetch(`${app.url}/me`, { headers: { Cookie } }))).toMatchObject({ admin: false })
})

test('the provider is asked with PKCE, state and nonce, and the address that is configured', async () => {
  const app = await givenApp()

  const begun = await fetch(`${app.url}/auth/oidc/login`, { headers: { Referer: 'https://evil.example/' } })
  const asked = new URL(await begun.text()).searchParams

  expect(asked.get('redirect_uri')).toBe(`${PUBLIC_URL}/auth/oidc/callback`)
  expect(asked.get('code_challenge_method')).toBe('S256')
  expect([asked.get('state'), asked.get('nonce'), asked.get('code_challenge')]).toEqual(
    Array(3).fill(expect.stringMatching(/^.{43}$/)),
  )
  expect(begun.headers.getSetCookie()[0]).toMatch(
    /^mayfly-oidc=[^;]+; Max-Age=600; Path=\/auth\/oidc\/callback; HttpOnly; SameSite=Lax$/,
  )
})

test('over HTTPS the cookie of a login is bound to this host', async () => {
  const app = await givenApp(GRACE, { ENHANCED_WEB_SECURITY: 'true' })

  const begun = await fetch(`${app.url}/auth/oidc/login`)

  expect(begun.headers.getSetCookie()[0]).toMatch(
    /^__Host-mayfly-oidc=[^;]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  expect((await logIn(app)).status).toBe(302)
})

test('a way back that this browser did not begin leads nowhere', async () => {
  const app = await givenApp()
  const first = await comeBack(app)
  const second = await comeBack(app)
  const refusal = [403, 'the OpenID Connect provider did not confirm the login\n']

  expect(await answerOf(arrive(app, first.path, { Cookie: second.Cookie }))).toEqual(refusal)
  expect(await answerOf(arrive(app, first.path, {}))).toEqual([
    400,
    'missing OpenID Connect session cookie, please log in again\n',
  ])
  expect((await arrive(app, first.path, { Cookie: first.Cookie })).status).toBe(302)
  expect(await answerOf(arrive(app, first.path, { Cookie: first.Cookie }))).toEqual(refusal)
  expect(await answerOf(arrive(app, '/auth/oidc/callback?error=access_denied', { Cookie: second.Cookie }))).toEqual(
    refusal,
  )
})

test('a cookie that was not made here is as good as none', async () => {
  const app = await givenApp()
  const { path } = await comeBack(app)
  const forged = ['null', '{}', '{"state":1}'].map((text) => Buffer.from(text).toString('base64url'))

  const answers = forged.map((value) => arrive(app, path, { Cookie: `mayfly-oidc=${value}` }))

  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([400, 400, 400])
})

test('a browser is shown on the page why it did not work (Plik §1.12)', async () => {
  const app = await givenApp()

  const answer = await arrive(app, '/auth/oidc/callback', { Accept: 'text/html', 'User-Agent': 'Mozilla/5.0' })

  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toMatch(/^http:\/\/files\.example\.test\/#\/\?err=missing\+OpenID/)
})

test.each([
  ['of an allowed domain', {}, [302, '']],
  ['of the domain in capitals', { email: 'grace@EXAMPLE.org' }, [302, '']],
  ['of another domain', { email: 'grace@example.com' }, [403, 'unauthorized domain name\n']],
  ['of a longer domain', { email: 'grace@notexample.org' }, [403, 'unauthorized domain name\n']],
  ['who tries to look like one', { email: '"@example.org"@evil.example' }, [403, 'unauthorized domain name\n']],
  ['without a mail address', { email: '' }, [403, 'unauthorized domain name\n']],
  ['whose address is not verified', { email_verified: false }, [403, 'the mail address is not verified\n']],
])('with valid domains, somebody %s is let in or not', async (_who, claims, answer) => {
  const app = await givenApp({ ...GRACE, ...claims }, { OIDC_VALID_DOMAINS: 'example.net, example.org' })

  expect(await answerOf(logIn(app))).toEqual(answer)
})

test('an unverified address will do when the administrator says so', async () => {
  const settings = { OIDC_VALID_DOMAINS: 'example.org', OIDC_REQUIRE_VERIFIED_EMAIL: 'false' }
  const app = await givenApp({ ...GRACE, email_verified: false }, settings)

  expect((await logIn(app)).status).toBe(302)
})

test('accounts are made from allowed addresses only; who has one comes in from anywhere (Plik §1.10)', async () => {
  const app = await givenApp(GRACE, { UPLOAD_WHITELIST: '192.0.2.1' })

  expect(await answerOf(logIn(app))).toEqual([403, 'unable to create user from untrusted source IP address\n'])
  await app.accounts.users.join({ provider: 'oidc', subject: GRACE.sub, login: 'grace', name: '', email: '' })
  expect((await logIn(app)).status).toBe(302)
})

test('/config offers the provider by its name, and says that others are off', async () => {
  const app = await givenApp(GRACE, { OIDC_PROVIDER_NAME: 'Example ID' })

  expect(await jsonOf(fetch(`${app.url}/config`))).toMatchObject({
    oidcAuthentication: true,
    oidcProviderName: 'Example ID',
    googleAuthentication: false,
    ovhAuthentication: false,
    githubAuthentication: false,
  })
})

test('what is off says so (Plik §1.10)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const ask = (path: string) => answerOf(fetch(`${app.url}/auth/${path}`))

  expect(await ask('oidc/login')).toEqual([400, 'OIDC authentication is disabled\n'])
  expect(await ask('google/login')).toEqual([400, 'Google authentication is disabled\n'])
  expect(await ask('google/callback')).toEqual([400, 'Google authentication is disabled\n'])
  expect(await ask('ovh/login')).toEqual([400, 'OVH authentication is disabled\n'])
  expect(await ask('github/login')).toEqual([400, 'GitHub authentication is disabled\n'])
})

test('a provider that does not answer can be tried again later, and everything else works', async () => {
  const app = await givenApp(GRACE, { OIDC_ISSUER: 'http://127.0.0.1:9' })
  await givenUser(app, 'grace')

  const answer = await fetch(`${app.url}/auth/oidc/login`)

  expect(await answerOf(answer)).toEqual([503, 'the OpenID Connect provider does not answer, please try again\n'])
  expect(answer.headers.get('retry-after')).toBe('5')
})

test.each([
  [{ OIDC_ISSUER: 'https://id.example.org' }, /MAYFLY_OIDC_CLIENT_ID: is required/],
  [{ OIDC_ISSUER: 'https://id.example.org', OIDC_CLIENT_ID: 'x' }, /MAYFLY_PUBLIC_URL: is required/],
  [{ OIDC_ISSUER: 'http://id.example.org' }, /MAYFLY_OIDC_ISSUER: "http:\/\/id.example.org" is not allowed/],
])('settings that can not work stop the start: %j', async (settings, message) => {
  await expect(makeApp(settings)).rejects.toThrow(message)
})
