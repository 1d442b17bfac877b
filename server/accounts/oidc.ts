import type { Configuration } from 'openid-client'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { User } from './user.ts'
import type { Users } from './users.ts'

/** What a browser keeps while its user is away at the provider: nobody else can finish what it began. */
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

  /** The provider is asked for its addresses when it is first needed: it may start later than we do. */
  function connect(): Promise<Configuration> {
    provider ??= discover(config).catch((error: unknown) => {
      provider = undefined
      throw unavailable(error)
    })
    return provider
  }

  /** Where to send the browser. Throws `unavailable`. */
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
   * The user who came back with `query`; the first time an account is made, unless `mayJoin` is false. Throws `forbidden`: the
   * provider did not vouch for the user, or for nobody who may come in; `unavailable`.
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

/** Plain HTTP is for a provider on this very machine, as when trying things out. */
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

/** A domain says nothing when anybody can claim an address in it. */
function assertDomain({ email = '', email_verified }: Claims, config: Dependencies['config']): void {
  if (config.oidcValidDomains.length === 0) return
  if (config.oidcRequireVerifiedEmail && email_verified !== true) throw new AppError('mail_not_verified')
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase()
  if (!config.oidcValidDomains.includes(domain)) throw new AppError('mail_domain_not_allowed')
}

const unavailable = (cause: unknown) => new AppError('oidc_unavailable', {}, { cause, retryAfterSeconds: 5 })
