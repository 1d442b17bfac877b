import { isIP, type Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import type { Config } from '../config/config.ts'
import type { AddressRange } from '../config/setting-kinds.ts'
import { AppError } from '../lib/errors.ts'

/** The client's address and scheme, from the socket and from the headers of trusted proxies. */

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** An address, parsed and as text. */
export interface Source {
  address: Address
  text: string
  /** The address as throttles count it: a household has a whole IPv6 /64, so counting single addresses would be useless. */
  network: string
}

type Trust = Pick<Config, 'sourceIpHeader' | 'trustedProxies'>

/**
 * The caller's address. The configured header is used if a trusted proxy sends it. Each proxy appends the address that it
 * saw, so the list is read from its end up to the first address that is not a trusted proxy's: the caller's. Everything
 * before that was sent by the caller and is ignored. Throws `bad_request`: a trusted proxy sent no address.
 */
export function sourceOf({ headers, socket }: FastifyRequest, { sourceIpHeader, trustedProxies }: Trust): Source {
  const peer = peerOf(socket)
  const header = sourceIpHeader === '' ? '' : String(headers[sourceIpHeader.toLowerCase()] ?? '')
  if (header === '' || !isInside(peer.address, trustedProxies)) return peer
  const hops = isForwarded(sourceIpHeader) ? parametersOf('for', header) : listOf(header)
  let caller = parseAddress(hops.pop() ?? '')
  if (!caller) throw new AppError('address_invalid')
  while (isInside(caller, trustedProxies)) {
    const next = parseAddress(hops.pop() ?? '')
    if (!next) break
    caller = next
  }
  return described(caller)
}

const peers = new WeakMap<Socket, Source>()

/** The address of a connection, parsed once: parsing is 4 % of a small download. */
function peerOf(socket: Socket): Source {
  const known = peers.get(socket)
  if (known) return known
  const peer = described(ipaddr.process(socket.remoteAddress ?? '0.0.0.0'))
  peers.set(socket, peer)
  return peer
}

const described = (address: Address): Source => ({ address, text: address.toString(), network: networkOf(address) })

/** Whether the client uses HTTPS, to this server or to the trusted proxy before it. */
export function isHttps(
  { headers, socket, protocol }: FastifyRequest,
  { sourceIpHeader, trustedProxies }: Trust,
): boolean {
  if (protocol === 'https') return true
  if (!isTrustedProxy(socket, { trustedProxies })) return false
  const named = isForwarded(sourceIpHeader)
    ? parametersOf('proto', String(headers.forwarded ?? ''))[0]
    : listOf(String(headers['x-forwarded-proto'] ?? ''))[0]
  return named?.toLowerCase() === 'https'
}

/** Whether a connection comes from a trusted proxy. */
export const isTrustedProxy = (socket: Socket, { trustedProxies }: Pick<Trust, 'trustedProxies'>): boolean =>
  isInside(peerOf(socket).address, trustedProxies)

export const isInside = (address: Address, ranges: AddressRange[]): boolean =>
  ipaddr.subnetMatch(address, { inside: ranges }, 'outside') === 'inside'

const networkOf = (address: Address): string =>
  address.kind() === 'ipv6'
    ? ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()
    : address.toString()

const isForwarded = (sourceIpHeader: string): boolean => sourceIpHeader.toLowerCase() === 'forwarded'

/** Elements of a list; empty ones are ignored (RFC 9110 §5.6.1). */
const listOf = (header: string): string[] =>
  header
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')

/**
 * The last element of a `Forwarded` header (RFC 7239 §4). Parsed from the end, so that an unclosed quote of a caller
 * can't hide what a proxy appended.
 */
const LAST_ELEMENT = /(?:^|,)\s*((?:[\w-]+=(?:[^\s,;"]*|"[^"]*")\s*(?:;\s*|$))+)$/

/** One parameter of each element of a `Forwarded` header, in their order; empty if an element lacks it. */
function parametersOf(name: string, header: string): string[] {
  const values: string[] = []
  let rest = header.trim()
  for (let last = LAST_ELEMENT.exec(rest); last; last = LAST_ELEMENT.exec(rest)) {
    const pairs = [...(last[1] ?? '').matchAll(/([\w-]+)=(?:"([^"]*)"|([^\s,;"]*))/g)]
    const [, , quoted, plain] = pairs.find(([, key]) => key?.toLowerCase() === name) ?? []
    values.unshift(quoted ?? plain ?? '')
    rest = rest.slice(0, last.index).trim()
  }
  return values
}

/**
 * `192.0.2.7`, `192.0.2.7:80`, `2001:db8::7`, `[2001:db8::7]` or `[2001:db8::7]:80`; stricter than ipaddr.js, which
 * accepts `1.1.1` and hexadecimal.
 */
function parseAddress(text: string): Address | undefined {
  const [, bracketed, v4] = /^(?:\[([^\]]*)\]|(\d[\d.]*))(?::\d{1,5})?$/.exec(text) ?? []
  const address = bracketed ?? v4 ?? text
  const isWrong = isIP(address) === 0 || (bracketed !== undefined && isIP(address) !== 6)
  return isWrong ? undefined : ipaddr.process(address)
}
