import { isIP } from 'node:net'
import { hostname } from 'node:os'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { parseDurationMs, parseDurationSeconds, parseSize } from './units.ts'

/** Parses the text of a setting. Its description lists the allowed values. */
export type Kind<T = unknown> = z.ZodType<T, string>

/** An address and a prefix length, as `ipaddr.subnetMatch` takes them; never an IPv4-mapped IPv6 address. */
export type AddressRange = ReturnType<typeof ipaddr.parseCIDR>

/** A relative `file` is relative to the data folder. */
export type DatabaseSetting = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

export const anyText = kind('any text', (text) => text)

export const flag = kind('`true` or `false`', (text) => {
  const lower = text.toLowerCase()
  return lower === 'true' || (lower === 'false' ? false : undefined)
})

/** Bytes. */
export const size = kind('a size such as `500MB` or `10GiB`', (text) => {
  const bytes = parseSize(text)
  return bytes === Number.POSITIVE_INFINITY ? undefined : bytes
})

/** Bytes or `Infinity`. Zero is rejected: it more likely means "no limit" than "no files". */
export const sizeLimit = kind(
  'a size such as `500MB` or `10GiB`, or `unlimited`',
  (text) => parseSize(text) || undefined,
)

/** Seconds or `Infinity`. */
export const ttl = kind(
  'a duration such as `12h` or `30d`, or `unlimited`',
  (text) => parseDurationSeconds(text) || undefined,
)

/** Seconds or `Infinity`, which is also the meaning of `0`, as in Plik. */
export const ttlLimit = kind('a duration such as `12h` or `30d`, or `unlimited`, which `0` means too', (text) => {
  const seconds = parseDurationSeconds(text)
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds
})

/** Seconds. */
export const lifetime = kind('a duration such as `12h` or `365d`, up to `3650d`', (text) => {
  const seconds = parseDurationSeconds(text) ?? 0
  return seconds > 0 && seconds <= 3650 * 86_400 ? seconds : undefined
})

/** Milliseconds. A timer of 2^31 ms, 24.8 days, would fire immediately. */
export const timeout = kind('a duration such as `15s` or `10m`, up to `24d`', (text) => {
  const ms = parseDurationMs(text) ?? 0
  return ms > 0 && ms <= 24 * 86_400_000 ? ms : undefined
})

export const wholeNumber = (min: number, max: number) =>
  kind(`a whole number from ${min} to ${max}`, (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : -1
    return number >= min && number <= max ? number : undefined
  })

const perMinute = wholeNumber(1, 1_000_000)

/** Requests per minute, or `Infinity`. */
export const rateLimit = kind(`${perMinute.description}, or \`off\``, (text) =>
  text.toLowerCase() === 'off' ? Number.POSITIVE_INFINITY : perMinute.safeParse(text).data,
)

export const matching = (allowed: string, pattern: RegExp) =>
  kind(allowed, (text) => (pattern.test(text) ? text : undefined))

/** A host name or an address to listen on. */
export const machine = kind('a host name or an address, or `auto`, which is the name of this machine', (text) => {
  if (text === 'auto') return hostname()
  return /^[\w.:%-]+$/.test(text) ? text : undefined
})

export function choice<const T extends string>(...values: T[]) {
  const allowed = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(values.map((value) => `\`${value}\``))
  return kind(allowed, (text) => values.find((value) => value === text.toLowerCase()))
}

/** `/files`, or empty for the root. The segments `.` and `..` are rejected, since clients resolve them. */
export const pathPrefix = kind('a path such as `/files`, of letters, digits and `-._~`', (text) =>
  /^(?:\/(?!\.\.?(?:\/|$))[\w.~-]+)*\/?$/.test(text) ? text.replace(/\/$/, '') : undefined,
)

/** Without a trailing slash. */
export const httpUrl = kind(
  'an `http://` or `https://` address such as `https://files.example.org`, without query or fragment',
  readHttpUrl,
)

/** Scheme, host and port in the form that browsers use: lower case, without a default port. */
export const httpOrigin = kind(
  '`http://` or `https://` and a host, such as `https://dl.example.org`, without a path',
  (text) => {
    const url = readHttpUrl(text)
    return url && new URL(url).origin !== url ? undefined : url
  },
)

export const pageOrigin = kind('`any`, or `http://` or `https://` and a host, without a path', (text) =>
  text === 'any' ? text : httpOrigin.safeParse(text).data,
)

export const listOf = <T>(element: Kind<T>): Kind<T[]> =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ''))
    .pipe(z.array(element))
    .describe(`a list, with commas between, of: ${element.description}`)

const RANGES = 'an address or a range such as `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`'

export const addressRange = kind(RANGES, readRange)

const proxies = listOf(kind(`\`loopback\`, \`any\`, ${RANGES}`, readProxies))

export const proxyRanges = proxies.transform((lists) => lists.flat()).describe(proxies.description ?? '')

/** The message never repeats the value, which may contain a password. */
export const database = kind(
  '`sqlite`, `sqlite:/path/to/file.db`, or `postgres://user:password@host/name` with special characters percent-encoded',
  readDatabase,
  () => 'this value',
)

/** `read` returns undefined for an invalid text; `allowed` completes the error message "write …". */
function kind<T>(allowed: string, read: (text: string) => T | undefined, show: (text: string) => string = quote) {
  const schema: Kind<T> = z.string().transform((text, context) => {
    const value = read(text)
    if (value !== undefined) return value
    context.addIssue(`${show(text)} is not allowed; write ${allowed}`)
    return z.NEVER
  })
  return schema.describe(allowed)
}

/** An address with an @ in it may contain a password. */
function quote(text: string): string {
  return text.includes('@') ? 'this value' : JSON.stringify(text)
}

function readHttpUrl(text: string): string | undefined {
  if (text === '') return text
  const url = /^https?:\/\/[^?#]+$/i.test(text) ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname.replace(/\/+$/, '')
}

function readRange(text: string): AddressRange | undefined {
  const [address = ''] = text.split('/')
  const version = isIP(address) // stricter than ipaddr.js, which takes `10.1` and octal digits
  const cidr = address === text ? `${text}/${version === 6 ? 128 : 32}` : text
  if (version === 0 || address.includes('%') || !ipaddr.isValidCIDR(cidr)) return undefined
  const [ip, bits] = ipaddr.parseCIDR(cidr)
  const isMapped = ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() && bits >= 96
  return isMapped ? [ip.toIPv4Address(), bits - 96] : [ip, bits]
}

function readProxies(text: string): AddressRange[] | undefined {
  if (text === 'loopback') return [ipaddr.parseCIDR('127.0.0.0/8'), ipaddr.parseCIDR('::1/128')]
  if (text === 'any') return [ipaddr.parseCIDR('0.0.0.0/0'), ipaddr.parseCIDR('::/0')]
  const range = readRange(text)
  return range && [range]
}

function readDatabase(text: string): DatabaseSetting | undefined {
  if (text === 'sqlite') return { kind: 'sqlite', file: 'mayfly.db' }
  const [, file] = /^sqlite:(\/?[^/:].*)$/.exec(text) ?? []
  if (file !== undefined) return { kind: 'sqlite', file }
  return /^postgres(?:ql)?:\/\/./.test(text) && URL.canParse(text) ? { kind: 'postgres', url: text } : undefined
}
