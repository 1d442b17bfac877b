import type { Configuration } from 'openid-client'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { User } from './user.ts'
import type { Users } from './users.ts'

/** State that the browser keeps during the login at the provider, so that no other browser can complete it. */
export interface LoginAttempt {
  state: string
  nonce: string
  verifier: string
}

interface Dependencies {
  users: Users
  config: Pick<
    Config,
    'oidcIssuer' | 'oidcClientId' | 'oidcClientSecret' | 'oidcValidDomains' | 'oidcRequireVerifiedEmail' | 'publicUrl'
  >
}

export const OIDC_CALLBACK = '/auth/oidc/callback'

export type Oidc = ReturnType<typeof createOidc>

/** Logging in at an OpenID Connect provider: authorization code with PKCE, state and nonce (OpenID Connect Core §3.1). */
export function createOidc({ users, config }: Dependencies) {
  const redirectUri = config.publicUrl + OIDC_CALLBACK
  let provider: Promise<Configuration> | undefined

  /** The provider's metadata is fetched at the first login: the provider may start later than this server. */
  function connect(): Promise<Configuration> {
    provider ??= discover(config).catch((error: unknown) => {
      provider = undefined
      throw unavailable(error)
    })
    return provider
  }

  /** Returns the address of the provider's login page. Throws `unavailable`. */
  async function begin(): Promise<{ url: string; attempt: LoginAttempt }> {
    const client = await openidClient()
    const attempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    }
    const url = client.buildAuthorizationUrl(await connect(), {
      redirect_uri: redirectUri,
      scope: 'openid email profile',
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    })
    return { url: url.href, attempt }
  }

  /**
   * Returns the user who was redirected back with `query`; creates the account at the first login if `mayJoin`. Throws
   * `forbidden`: the provider did not confirm the login, or the user is not allowed here; `unavailable`.
   */
  async function finish(query: string, attempt: LoginAttempt, mayJoin: boolean): Promise<User> {
    const claims = await claimsOf(query, attempt)
    assertDomain(claims, config)
    const known = await users.find(`oidc:${claims.sub}`)
    if (known) return known
    if (!mayJoin) throw new AppError('account_address_not_allowed')
    const { sub, email = '', name = '' } = claims
    return users.join({ provider: 'oidc', subject: sub, login: claims.preferred_username || email || sub, name, email })
  }

  async function claimsOf(query: string, { state, nonce, verifier }: LoginAttempt): Promise<Claims> {
    const { authorizationCodeGrant, fetchUserInfo } = await openidClient()
    const connected = await connect()
    try {
      const tokens = await authorizationCodeGrant(connected, new URL(`${redirectUri}?${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      const { sub = '' } = tokens.claims() ?? {}
      return { ...tokens.claims(), ...(await fetchUserInfo(connected, tokens.access_token, sub)) } as Claims
    } catch (cause) {
      throw new AppError('oidc_login_refused', {}, { cause })
    }
  }

  return { begin, finish }
}

interface Claims {
  sub: string
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
}

/** It takes 17 MB, which a server without such a provider does not need. */
const openidClient = () => import('openid-client')

/** Plain HTTP is allowed only for a provider on the same machine, for testing. */
async function discover({
  oidcIssuer,
  oidcClientId,
  oidcClientSecret,
}: Dependencies['config']): Promise<Configuration> {
  const { allowInsecureRequests, discovery } = await openidClient()
  const issuer = new URL(oidcIssuer)
  const execute = issuer.protocol === 'http:' ? [allowInsecureRequests] : []
  return discovery(issuer, oidcClientId, oidcClientSecret || undefined, undefined, { execute })
}

/** The domain of an unverified address is not trusted, since users may enter any address. */
function assertDomain({ email = '', email_verified }: Claims, config: Dependencies['config']): void {
  if (config.oidcValidDomains.length === 0) return
  if (config.oidcRequireVerifiedEmail && email_verified !== true) throw new AppError('mail_not_verified')
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase()
  if (!config.oidcValidDomains.includes(domain)) throw new AppError('mail_domain_not_allowed')
}

const unavailable = (cause: unknown) => new AppError('oidc_unavailable', {}, { cause, retryAfterSeconds: 5 })
