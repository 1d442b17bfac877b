import { createHash, type Hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../lib/errors.ts'

/** Digests in headers (RFC 9530). Pure. */

/** Their names there and in OpenSSL, and their bytes. Others are ignored, as §3 wants it. */
const ALGORITHMS = new Map([
  ['sha-256', { name: 'sha256', bytes: 32 }],
  ['sha-512', { name: 'sha512', bytes: 64 }],
])

/** `Content-Digest` is of what one message carries, `Repr-Digest` of the whole. */
type DigestHeader = 'Content-Digest' | 'Repr-Digest'

/** Fed with all bytes of a body; `end` throws `bad_request` when they are not what their sender says. */
export interface DigestCheck {
  add: (chunk: Uint8Array) => void
  end: () => void
}

/** Of the bytes of one message; undefined: it says nothing of them. Throws `bad_request`: a digest can't be read. */
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

/** The SHA-256 of the whole, hexadecimal, if `Repr-Digest` names it. Throws as `digestCheck`. */
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

/** Whether `Want-Repr-Digest` (§4) leaves room for the SHA-256, the one that is known of every file. */
export const wantsSha256 = (headers: IncomingHttpHeaders): boolean =>
  !/(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|;|$)/.test(headers['want-repr-digest']?.toString() ?? '')
