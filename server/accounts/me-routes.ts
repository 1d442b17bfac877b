import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, readJson } from '../http/json-body.ts'
import { bodySize } from '../http/raw-body.ts'
import { clearSessionCookies } from '../http/session-cookies.ts'
import { AppError } from '../lib/errors.ts'
import { type AccountRemoval, assertMayLeave } from './account-removal.ts'
import { ProfileBody, userJson } from './account-shapes.ts'
import { assertLoggedIn } from './caller.ts'
import type { Users } from './users.ts'

interface Dependencies {
  users: Users
  removal: AccountRemoval
  readCaller: CallerReader
  config: Pick<Config, 'featureDeleteAccount'>
}

/** The user's own account. By session only: an API token gives no access to the account. */
export function meRoutes({ users, removal, readCaller, config }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)

    app.get('/me', async (request) => userJson(assertLoggedIn(await readCaller.bySession(request))))

    app.patch('/me', async (request) => {
      const user = assertLoggedIn(await readCaller.bySession(request))
      if (bodySize(request) === 0) throw new AppError('body_missing')
      return userJson(await users.changeProfile(user.id, await readJson(request, ProfileBody)))
    })

    app.delete('/me', async (request, reply) => {
      const caller = await readCaller.bySession(request)
      const user = assertLoggedIn(caller)
      assertMayLeave(config)
      await removal.remove(user.id)
      if (!caller.impersonator) clearSessionCookies(reply)
      return 'ok'
    })
  }
}
