import type { FastifyInstance } from 'fastify'
import type { Statistics } from '../activity/statistics.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, readJson } from '../http/json-body.ts'
import { pagingOf } from '../http/paging.ts'
import { inTurn } from '../lib/in-turn.ts'
import { TokenBody, tokenJson } from './account-shapes.ts'
import { type ApiToken, TOKEN_SORTS } from './api-token.ts'
import { assertLoggedIn } from './caller.ts'
import type { Tokens } from './tokens.ts'

interface Dependencies {
  tokens: Tokens
  statistics: Pick<Statistics, 'usage'>
  readCaller: CallerReader
}

/** API tokens of a user. */
export function tokensRoutes({ tokens, statistics, readCaller }: Dependencies) {
  /** Includes the totals of its uploads (Plik 1.4). */
  async function listedJson(token: ApiToken) {
    const { id, createdAt: startedAt } = token
    const usage = await statistics.usage({ scope: 'token', id }, { withWindows: false, startedAt })
    return { ...tokenJson(token), stats: { usage } }
  }

  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)

    app.get('/me/token', async (request) => {
      const user = assertLoggedIn(await readCaller.bySession(request))
      const page = await tokens.list(user, pagingOf(request, TOKEN_SORTS))
      return { ...page, results: await inTurn(page.results, listedJson) }
    })

    app.post('/me/token', async (request) => {
      const user = assertLoggedIn(await readCaller.bySession(request))
      const { comment = '' } = await readJson(request, TokenBody)
      const created = await tokens.create(user, comment)
      return tokenJson(created, created.token)
    })

    app.delete<{ Params: { token: string } }>('/me/token/:token', async (request) => {
      await tokens.revoke(assertLoggedIn(await readCaller.bySession(request)), request.params.token)
      return 'ok'
    })
  }
}
