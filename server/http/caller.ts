import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import { type Caller, isAdmin } from '../accounts/caller.ts'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { Sender } from '../lib/sender.ts'
import type { Credentials } from '../uploads/password-gate.ts'
import { isUnwantedPage } from './origins.ts'
import { sessionTokenOf } from './session-cookies.ts'
import { isInside, type Source, sourceOf } from './source-address.ts'

interface Dependencies extends Pick<Accounts, 'users' | 'sessions' | 'tokens'> {
  config: Pick<
    Config,
    'sourceIpHeader' | 'trustedProxies' | 'uploadWhitelist' | 'uploadOrigins' | 'publicUrl' | 'featureAuthentication'
  >
}

/** The logged-in user, and how the request identified them. */
type Identity = Pick<Caller, 'user' | 'impersonator' | 'tokenId'>

const ANONYMOUS: Identity = { user: undefined, impersonator: undefined, tokenId: undefined }

/** Safe methods change nothing (RFC 9110 §9.2.1), so CSRF does not matter for them. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

export type CallerReader = ReturnType<typeof createCallerReader>

/**
 * Determines the caller of a request from the socket and the headers. A request without a token and a session needs no
 * query, and no request needs more than one look-up, however often its caller is read.
 */
export function createCallerReader({ users, sessions, tokens, config }: Dependencies) {
  /**
   * Throws `bad_request`: the proxy sent no address; `forbidden`: invalid token, or a user who may not impersonate;
   * `invalid_session`.
   */
  const read = remembered((request) => callerOf(request, true))

  /** Like `read`, but ignores API tokens: they give no access to an account. */
  const bySession = remembered((request) => callerOf(request, false))

  /** The caller's address as throttles count it; needs no query. */
  const network = (request: FastifyRequest): string => sourceOf(request, config).network

  /** The client, for work that is done while it waits; needs no query. Created once for each request. */
  function sender(request: FastifyRequest, reply: FastifyReply): Sender {
    const hangUp = new AbortController()
    const leave = () => {
      if (!reply.raw.writableFinished) hangUp.abort(new AppError('sender_gone'))
    }
    reply.raw.once('close', leave)
    if (reply.raw.destroyed) leave()
    return { network: network(request), gone: hangUp.signal }
  }

  /** Whether anonymous clients at this address may upload; needs no query. */
  const isWhitelisted = (request: FastifyRequest): boolean => isAllowed(sourceOf(request, config))

  const isAllowed = ({ address }: Source): boolean =>
    config.uploadWhitelist.length === 0 || isInside(address, config.uploadWhitelist)

  async function callerOf(request: FastifyRequest, takesTokens: boolean): Promise<Caller> {
    const source = sourceOf(request, config)
    return {
      address: source.text,
      network: source.network,
      isWhitelisted: isAllowed(source),
      isUnwantedPage: isUnwantedPage(request, config),
      uploadToken: headerOf(request, 'x-uploadtoken'),
      credentials: readCredentials(request.headers.authorization),
      ...(isAnonymous(request) ? ANONYMOUS : await impersonating(request, await identify(request, takesTokens))),
    }
  }

  /** Whether the request has no credentials, like nearly all downloads. */
  const isAnonymous = ({ headers }: FastifyRequest): boolean =>
    headers['x-plik-impersonate'] === undefined &&
    (config.featureAuthentication === 'disabled' ||
      (headers['x-pliktoken'] === undefined && headers.cookie === undefined))

  async function identify(request: FastifyRequest, takesTokens: boolean): Promise<Identity> {
    if (config.featureAuthentication === 'disabled') return ANONYMOUS // ShareX always sends a token (Plik 1.3.8)
    const token = takesTokens ? headerOf(request, 'x-pliktoken') : undefined
    if (token !== undefined) return { ...ANONYMOUS, ...(await tokens.identify(token)) }
    const cookie = sessionTokenOf(request)
    if (cookie === undefined) return ANONYMOUS
    const session = await sessions.get(cookie)
    if (!SAFE_METHODS.includes(request.method)) sessions.assertSameSite(session, headerOf(request, 'x-xsrftoken'))
    return { ...ANONYMOUS, user: session.user }
  }

  /** An administrator with a session may act as another user; the administrator is then the `impersonator`. */
  async function impersonating(request: FastifyRequest, identity: Identity): Promise<Identity> {
    const id = headerOf(request, 'x-plik-impersonate')
    if (id === undefined) return identity
    if (!isAdmin(identity)) throw new AppError('not_admin')
    const user = await users.find(id)
    if (!user) throw new AppError('impersonated_user_not_found')
    return { ...identity, user, impersonator: identity.user }
  }

  return Object.assign(read, { bySession, network, sender, isWhitelisted })
}

/** The caller does not change during a request. Stored on the request itself: a WeakMap would burden the garbage collector. */
function remembered(read: (request: FastifyRequest) => Promise<Caller>): (request: FastifyRequest) => Promise<Caller> {
  const known = Symbol('caller')
  return (request: FastifyRequest & { [known]?: Promise<Caller> }) => {
    request[known] ??= read(request)
    return request[known]
  }
}

/** A header that must not be repeated; for repeated headers Node returns the first value or a joined list. */
function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  const text = Array.isArray(value) ? value.join(',') : value
  return text === '' ? undefined : text
}

/** Plik accepts exactly `Basic`, one space and padded base64; this also accepts any case (RFC 9110 §11.1). */
export function readCredentials(header: string | undefined): Credentials {
  if (header === undefined) return { kind: 'none' }
  const [scheme = '', encoded, ...rest] = header.trim().split(/ +/)
  if (encoded === undefined || rest.length > 0) return { kind: 'unreadable', reason: 'authorization_header_invalid' }
  if (scheme.toLowerCase() !== 'basic') return { kind: 'unreadable', reason: 'authorization_scheme_invalid' }
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) return { kind: 'unreadable', reason: 'authorization_header_invalid' }
  return { kind: 'basic', login: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The header that `readCredentials` parses; Plik returns it to the creator of a protected upload. */
export const basicAuthorization = (login: string, password: string): string =>
  `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
