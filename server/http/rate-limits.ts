import rateLimit, { type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { matchesToken } from '../accounts/secrets.ts'
import type { Config } from '../config/config.ts'
import type { SteadyClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { CallerReader } from './caller.ts'
import type { RateLimited } from './rate-limited.ts'
import { rateStoreOn } from './rate-store.ts'

interface Dependencies {
  config: Pick<Config, 'rateLimitPerMinute'>
  readCaller: CallerReader
  findUpload: Uploads['find']
  steady: SteadyClock
}

/** Per counter, to bound its memory to some megabytes; the most recently seen addresses are kept. */
const MAX_ADDRESSES = 20_000
const WINDOW_MS = 60_000
/** The limit of all requests together, as a multiple of the limit of creations. */
const REQUESTS_PER_CREATION = 100
/** Passwords are slow to verify, and people log in rarely. */
const CREATIONS_PER_LOGIN = 10
const MIN_LOGINS = 10

/** Statuses of requests for something that does not exist, or with an invalid secret. */
const MISSES = [403, 404]

/**
 * Limits per address and minute, one for each kind of abuse, so that many people behind one address can work undisturbed.
 * Requests beyond a limit are rejected with `too_many_requests`. Only after too many misses of an address does this query
 * the database; otherwise it reads only a session or token that the route needs anyway.
 */
export async function limitRates(
  app: FastifyInstance,
  { config: { rateLimitPerMinute }, readCaller, findUpload, steady }: Dependencies,
): Promise<void> {
  if (!Number.isFinite(rateLimitPerMinute)) return
  await app.register(rateLimit, {
    global: false,
    timeWindow: WINDOW_MS,
    keyGenerator: readCaller.network,
    store: rateStoreOn(steady),
  })
  const counterUpTo = (max: number) => app.createRateLimit(bounded(max))
  const requests = counterUpTo(rateLimitPerMinute * REQUESTS_PER_CREATION)
  const creations = counterUpTo(rateLimitPerMinute)
  const logins = counterUpTo(Math.max(MIN_LOGINS, Math.floor(rateLimitPerMinute / CREATIONS_PER_LOGIN)))
  const misses = counterUpTo(rateLimitPerMinute)
  type Counter = typeof requests

  async function count(counter: Counter, request: FastifyRequest): Promise<void> {
    const state = await counter(request)
    if (!state.isAllowed && state.isExceeded) throw tooMany(state.ttlInSeconds)
  }

  async function assertFewMisses(request: FastifyRequest): Promise<void> {
    const state = await misses(request, { increment: false })
    if (state.isAllowed || state.remaining > 0 || (await holdsSecret(request))) return
    throw tooMany(state.ttlInSeconds)
  }

  /** Whether the request has a valid secret, and so does not guess. */
  async function holdsSecret(request: FastifyRequest): Promise<boolean> {
    const { user, uploadToken } = await readCaller(request)
    if (user) return true
    const { uploadId } = request.params as { uploadId?: string }
    if (uploadToken === undefined || uploadId === undefined) return false
    const upload = await findUpload(uploadId)
    return upload !== undefined && matchesToken(uploadToken, upload.tokenHash)
  }

  app.addHook('onRequest', async (request) => {
    const kind = kindOf(request)
    if (kind === 'none') return
    await count(requests, request)
    if (kind === 'login') await count(logins, request)
    if (kind === 'create' && !(await readCaller(request)).user) await count(creations, request)
    if (kind === 'lookup') await assertFewMisses(request)
  })

  app.addHook('onResponse', async (request, reply) => {
    if (MISSES.includes(reply.statusCode) && kindOf(request) !== 'none') await misses(request)
  })
}

const bounded = (max: number): RateLimitOptions => ({ max, cache: MAX_ADDRESSES })

function kindOf(request: FastifyRequest): RateLimited {
  const { rateLimited = 'lookup' } = request.routeOptions.config ?? {}
  return typeof rateLimited === 'function' ? rateLimited(request) : rateLimited
}

const tooMany = (retryAfterSeconds: number) =>
  new AppError('too_many_requests', {}, { retryAfterSeconds: Math.max(1, retryAfterSeconds) })
