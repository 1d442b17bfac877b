import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { onTestFinished, vi } from 'vitest'

/** The user who logs in, as the provider describes them. */
export interface Person {
  sub: string
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
}

export const CLIENT = { id: 'mayfly', secret: 'a secret of the client' }

/** A real OpenID Connect provider at which `person` logs in without being asked; it goes with the test. */
export async function oidcServer(person: Person, redirectUri: string) {
  for (const channel of ['info', 'warn'] as const) vi.spyOn(console, channel).mockReturnValue() // it warns of defaults
  const server = createServer()
  const issuer = await listen(server)
  const provider: Provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [redirectUri],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    cookies: { keys: ['of no use to anybody'] },
    features: { devInteractions: { enabled: false } },
    findAccount: async (_context: unknown, accountId: string) => ({ accountId, claims: async () => person }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }: { oidc: { session: { accountId: string } } }) => {
      const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: CLIENT.id })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return answer(request, response)
    return void provider.interactionFinished(request, response, { login: { accountId: person.sub } })
  })
  onTestFinished(() => {
    vi.restoreAllMocks()
    server.closeAllConnections()
    server.close()
  })
  return { issuer }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
