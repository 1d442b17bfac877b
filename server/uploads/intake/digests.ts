import { createHash, type Hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../lib/errors.ts'

/** Digests in headers (RFC 9530). Pure. */

/** Algorithm names in headers and in OpenSSL, and digest lengths in bytes. Other algorithms are ignored, as §3 requires. */
const ALGORITHMS = new Map([
  ['sha-256', { name: 'sha256', bytes: 32 }],
  ['sha-512', { name: 'sha512', bytes: 64 }],
])

/** `Content-Digest` covers the bytes of one message, `Repr-Digest` those of the whole file. */
type DigestHeader = 'Content-Digest' | 'Repr-Digest'

/** Takes all bytes of a body; `end` throws `bad_request` if their digest is not the one sent by the client. */
export interface DigestCheck {
  add: (chunk: Uint8Array) => void
  end: () => void
}

/**
 * Returns the check for the bytes of one message; undefined if its headers contain no digest. Throws `bad_request` for a
 * malformed digest.
 */
export function digestCheck(headers: IncomingHttpHeaders, names: readonly DigestHeader[]): DigestCheck | undefined {
  const checks = names.flatMap((name) =>
    [...readDigests(headers, name)].map(([algorithm, expected]) => ({
      name,
      expected,
      hash: createHash(ALGORITHMS.get(algorithm)?.name as string),
    })),
  )
  if (checks.length === 0) return undefined
  return {
    add: (chunk) => checks.forEach(({ hash }) => void hash.update(chunk)),
    end: () => checks.forEach(assertEqual),
  }
}

function assertEqual({ name, hash, expected }: { name: DigestHeader; hash: Hash; expected: Buffer }): void {
  if (!hash.digest().equals(expected)) throw new AppError('header_digest_mismatch', { header: name })
}

/** Returns the SHA-256 of the whole file from `Repr-Digest`, hexadecimal; null if it has none. Throws like `digestCheck`. */
export const wholeSha256 = (headers: IncomingHttpHeaders): string | null =>
  readDigests(headers, 'Repr-Digest').get('sha-256')?.toString('hex') ?? null

function readDigests(headers: IncomingHttpHeaders, name: DigestHeader): Map<string, Buffer> {
  const digests = new Map<string, Buffer>()
  for (const member of headers[name.toLowerCase()]?.toString().split(',') ?? []) {
    const [, algorithm = '', encoded] = /^\s*([a-z0-9*._-]+)=(?::([A-Za-z0-9+/=]*):)?/.exec(member) ?? []
    const known = ALGORITHMS.get(algorithm)
    if (algorithm !== '' && !known) continue
    const digest = Buffer.from(encoded ?? '', 'base64')
    if (digest.length !== known?.bytes) throw new AppError('digest_header_invalid', { header: name })
    digests.set(algorithm, digest)
  }
  return digests
}

/** Whether `Want-Repr-Digest` (§4) accepts SHA-256, the only digest that is stored for every file. */
export const wantsSha256 = (headers: IncomingHttpHeaders): boolean =>
  !/(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|;|$)/.test(headers['want-repr-digest']?.toString() ?? '')
