import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, readJson, readRequiredJson } from '../http/json-body.ts'
import { serverUrl } from '../http/links.ts'
import { LIMITED_AS_LOGIN } from '../http/rate-limited.ts'
import { AppError } from '../lib/errors.ts'
import { ApproveBody, InitBody, PollBody } from './account-shapes.ts'
import { assertLoggedIn } from './caller.ts'
import type { CliLogins } from './cli-logins.ts'

interface Dependencies {
  cliLogins: CliLogins
  readCaller: CallerReader
  config: Config
}

/** `plik --login` (Plik 1.4): the program begins and polls, its user approves on the page. */
export function cliLoginRoutes({ cliLogins, readCaller, config }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)
    app.addHook('preHandler', async () => {
      if (config.featureAuthentication === 'disabled') throw new AppError('authentication_disabled')
    })

    app.post('/auth/cli/init', { config: LIMITED_AS_LOGIN }, async (request) => {
      const { hostname = '' } = await readJson(request, InitBody)
      const { code, secret, expiresInSeconds } = await cliLogins.begin(hostname)
      const query = new URLSearchParams({ code, ...(hostname === '' ? {} : { hostname }) })
      return {
        code,
        secret,
        verifyURL: `${serverUrl(request, config)}/#/cli-auth?${query}`,
        expiresIn: expiresInSeconds,
      }
    })

    app.post('/auth/cli/approve', async (request) => {
      const user = assertLoggedIn(await readCaller.bySession(request))
      const { code = '', comment = '' } = await readRequiredJson(request, ApproveBody)
      await cliLogins.approve(given(code, 'cli_login_code_missing'), user, comment)
      return { status: 'approved' }
    })

    app.post('/auth/cli/poll', async (request) => {
      const { code = '', secret = '' } = await readRequiredJson(request, PollBody)
      const token = await cliLogins.poll(
        given(code, 'cli_login_code_missing'),
        given(secret, 'cli_login_secret_missing'),
      )
      return token === undefined ? { status: 'pending' } : { status: 'approved', token }
    })
  }
}

function given(value: string, refusal: 'cli_login_code_missing' | 'cli_login_secret_missing'): string {
  if (value === '') throw new AppError(refusal)
  return value
}
