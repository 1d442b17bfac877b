import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Statistics } from '../activity/statistics.ts'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, readRequiredJson } from '../http/json-body.ts'
import { flagOf, pagingOf, textOf } from '../http/paging.ts'
import { clearSessionCookies, sessionTokenOf } from '../http/session-cookies.ts'
import { AppError } from '../lib/errors.ts'
import { inTurn } from '../lib/in-turn.ts'
import { type AccountRemoval, assertMayLeave } from './account-removal.ts'
import { NewUserBody, UserBody, userJson } from './account-shapes.ts'
import { assertAdmin, assertSelfOrAdmin, isAdmin } from './caller.ts'
import { USER_SORTS, type User, type UserFilter } from './user.ts'
import type { Users } from './users.ts'

interface Dependencies {
  users: Users
  statistics: Pick<Statistics, 'usage'>
  removal: AccountRemoval
  readCaller: CallerReader
  config: Pick<Config, 'featureDeleteAccount'>
}

interface UserParams {
  userId: string
}

const DEFAULT_FOUND = 5
const MAX_FOUND = 20

/** User administration; users may also manage their own account. */
export function usersRoutes({ users, statistics, removal, readCaller, config }: Dependencies) {
  async function selfOrAdmin(request: FastifyRequest) {
    const { userId } = request.params as UserParams
    const caller = await readCaller.bySession(request)
    assertSelfOrAdmin(caller, userId)
    return { userId, caller }
  }

  /** Includes the current and all-time size of the user's files (Plik 1.4). */
  async function listedJson(user: User) {
    const { id, createdAt: startedAt } = user
    const usage = await statistics.usage({ scope: 'user', id }, { withWindows: false, startedAt })
    const { uploads, files, totalSize } = usage.current
    return { ...userJson(user), stats: { uploads, files, totalSize, usage } }
  }

  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)

    app.get('/users', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      const page = await users.list(filterOf(request), pagingOf(request, USER_SORTS))
      return { ...page, results: await inTurn(page.results, listedJson) }
    })

    app.get('/users/search', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      const found = await users.search(textOf(request.query, 'q') ?? '', filterOf(request), searchLimit(request))
      return inTurn(found, listedJson)
    })

    app.post('/user', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      return userJson(await users.create(await readRequiredJson(request, NewUserBody, { what: 'user' })))
    })

    app.get('/user/:userId', async (request) => {
      const { userId } = await selfOrAdmin(request)
      return userJson(await users.get(userId))
    })

    app.post('/user/:userId', async (request) => {
      const { userId, caller } = await selfOrAdmin(request)
      const { id, changes } = await readRequiredJson(request, UserBody, { what: 'user' })
      if (id !== userId) throw new AppError('user_id_mismatch')
      const by = { isAdmin: isAdmin(caller), keepSession: sessionTokenOf(request) }
      return userJson(await users.update(userId, changes, by))
    })

    app.delete('/user/:userId', async (request, reply) => {
      const { userId, caller } = await selfOrAdmin(request)
      if (!isAdmin(caller)) assertMayLeave(config)
      await removal.remove(userId)
      if ((caller.impersonator ?? caller.user)?.id === userId) clearSessionCookies(reply)
      return 'ok'
    })
  }
}

const filterOf = (request: FastifyRequest): UserFilter => ({
  provider: textOf(request.query, 'provider'),
  isAdmin: flagOf(request, 'admin'),
})

/** Like Plik, uses the default for values that are not numbers. */
function searchLimit({ query }: FastifyRequest): number {
  const limit = Number(textOf(query, 'limit'))
  return Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, MAX_FOUND) : DEFAULT_FOUND
}
