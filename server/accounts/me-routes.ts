import type { FastifyInstance } from 'fastify'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBodyAsText, readJson } from '../http/json-body.ts'
import { ProfileBody, userJson } from './account-shapes.ts'
import { assertLoggedIn } from './caller.ts'
import type { Users } from './users.ts'

interface Dependencies {
  users: Users
  readCaller: CallerReader
}

/** What a user may ask and change about himself. By session only: a token in some script is no way into the account. */
export function meRoutes({ users, readCaller }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBodyAsText(app)
    app.addHook('onRequest', async (_request, reply) => void reply.header('Cache-Control', 'no-store'))

    app.get('/me', async (request) => userJson(assertLoggedIn(await readCaller.bySession(request))))

    app.patch('/me', async (request) => {
      const user = assertLoggedIn(await readCaller.bySession(request))
      return userJson(await users.changeProfile(user.id, readJson(request.body, ProfileBody)))
    })
  }
}
