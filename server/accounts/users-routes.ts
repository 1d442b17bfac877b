import type { FastifyInstance } from 'fastify'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBodyAsText, readRequiredJson } from '../http/json-body.ts'
import { NewUserBody, userJson } from './account-shapes.ts'
import { assertAdmin, assertSelfOrAdmin } from './caller.ts'
import type { Users } from './users.ts'

interface Dependencies {
  users: Users
  readCaller: CallerReader
}

/** What administrators do with users, and everybody with himself. */
export function usersRoutes({ users, readCaller }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBodyAsText(app)
    app.addHook('onRequest', async (_request, reply) => void reply.header('Cache-Control', 'no-store'))

    app.post('/user', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      return userJson(await users.create(readRequiredJson(request.body, NewUserBody, 'user')))
    })

    app.get<{ Params: { userId: string } }>('/user/:userId', async (request) => {
      const { userId } = request.params
      assertSelfOrAdmin(await readCaller.bySession(request), userId)
      return userJson(await users.get(userId))
    })
  }
}
