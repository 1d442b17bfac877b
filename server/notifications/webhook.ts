import { createHmac } from 'node:crypto'
import dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { AppError } from '../lib/errors.ts'

const TIMEOUT_MS = 10_000

export interface Webhook {
  url: string
  /** Key of the signature. */
  secret: string
  /** The same for every attempt of a notification, so that a receiver can recognise repetitions. */
  deliveryId: string
  /** JSON. */
  body: string
  sentAt: number
}

/**
 * Posts JSON to a receiver, signed: `X-Mayfly-Signature: sha256=` and the HMAC of `X-Mayfly-Timestamp`, a dot and the
 * body. Only 2xx is a success; redirects are not followed, and the response body is not read. Unless `allowPrivate`, only
 * https and public addresses are allowed, so that a webhook can't reach services that only this server can reach. Names
 * are resolved once, and the connection uses the checked address.
 */
export async function postWebhook(
  { url, secret, deliveryId, body, sentAt }: Webhook,
  { allowPrivate, signal }: { allowPrivate: boolean; signal?: AbortSignal },
): Promise<void> {
  const target = assertWebhookUrl(url, allowPrivate)
  const timestamp = String(Math.floor(sentAt / 1000))
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'User-Agent': 'Mayfly',
    'X-Mayfly-Delivery': deliveryId,
    'X-Mayfly-Timestamp': timestamp,
    'X-Mayfly-Signature': `sha256=${signature(secret, timestamp, body)}`,
  }
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  const signals = [limit, ...(signal ? [signal] : [])]
  const lookup = allowPrivate ? {} : { lookup: publicLookup }
  const options = { method: 'POST', agent: false, headers, signal: AbortSignal.any(signals), ...lookup }
  const status = await statusOf(target, options, body).catch((error: unknown) => {
    throw limit.aborted ? new Error(`${target.host} did not answer within ${TIMEOUT_MS / 1000} seconds`) : error
  })
  if (status < 200 || status > 299) throw new Error(`${target.host} answered ${status}`)
}

export const signature = (secret: string, timestamp: string, body: string): string =>
  createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')

/** Throws `bad_request`. */
export function assertWebhookUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.parse(text)
  const schemes = allowPrivate ? ['https:', 'http:'] : ['https:']
  if (!url || !schemes.includes(url.protocol) || url.username !== '' || url.password !== '')
    throw new AppError('target_not_url', { schemes: `${schemes.join(' or ')}//` })
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!allowPrivate && isIP(host) !== 0 && !isPublic(host)) throw privateAddress(host)
  return url
}

function statusOf(url: URL, options: https.RequestOptions, body: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
    resolve(response.statusCode ?? 0)
    response.destroy()
  })
  request.on('error', reject)
  request.end(body)
  return promise
}

/** Rejects a name if any of its addresses is not public. */
const publicLookup: LookupFunction = (hostname, options, done) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses = []) => {
    const hidden = addresses.find(({ address }) => !isPublic(address))
    const [first] = addresses
    if (error || !first) done(error ?? new Error(`${hostname} has no address`), '')
    else if (hidden) done(privateAddress(hidden.address), '')
    else if (options.all) done(null, addresses)
    else done(null, first.address, first.family)
  })
}

/** ipaddr.js returns `unicast` for addresses without a special purpose (RFC 6890), except tunnels to IPv4. */
const isPublic = (address: string): boolean => ipaddr.process(address).range() === 'unicast'

const privateAddress = (address: string) => new AppError('target_not_public', { address })
