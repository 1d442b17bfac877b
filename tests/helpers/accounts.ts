import type { NewUser } from '../../server/accounts/users.ts'
import type { TestApp } from './make-app.ts'

/** Settings under which accounts count for something. */
export const WITH_ACCOUNTS = { FEATURE_AUTHENTICATION: 'enabled' }

export const PASSWORD = 'correct horse battery'

/** A local user called `login`, with `PASSWORD`. */
export const givenUser = (app: TestApp, login: string, rest: Partial<NewUser> = {}) =>
  app.accounts.users.create({ provider: 'local', login, password: PASSWORD, ...rest })

/** Headers by which a browser that is logged in is known, for changes too. */
export interface SessionHeaders extends Record<string, string> {
  Cookie: string
  'X-XSRFToken': string
}

/** A user who is logged in: as `givenUser`, and the headers of their browser. */
export async function givenSession(app: TestApp, login: string, rest: Partial<NewUser> = {}) {
  const user = await givenUser(app, login, rest)
  return { user, headers: await sessionOf(app, login) }
}

/** Logs in through the API. */
export async function sessionOf(app: TestApp, login: string, password = PASSWORD): Promise<SessionHeaders> {
  const response = await logIn(app, login, password)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return headersOf(response)
}

export const logIn = (app: TestApp, login: string, password = PASSWORD, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/auth/local/login`, { method: 'POST', headers, body: JSON.stringify({ login, password }) })

/** What a browser and the page in it make of the cookies that came with an answer. */
export function headersOf(response: Response): SessionHeaders {
  const pairs = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] as string)
  const xsrf = pairs.find((pair) => pair.startsWith('plik-xsrf='))?.slice('plik-xsrf='.length) ?? ''
  return { Cookie: pairs.join('; '), 'X-XSRFToken': xsrf }
}
