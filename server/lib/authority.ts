import { isIPv6 } from 'node:net'

/** Host and port as in URLs (RFC 3986 §3.2.2). */
export const authorityOf = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`
