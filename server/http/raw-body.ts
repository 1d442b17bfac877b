import type { FastifyRequest } from 'fastify'
import type { Announcement } from '../uploads/intake/announcement.ts'
import { type DigestCheck, digestCheck } from '../uploads/intake/digests.ts'
import { withSenderTimeout } from './idle-timeout.ts'

export interface RawBody {
  bytes: AsyncIterable<Uint8Array>
  /** Undefined: not announced. */
  size: number | undefined
  /** Check of a digest of these bytes; undefined: the client sent none. */
  check: DigestCheck | undefined
}

/** A body that consists of the file's bytes, or some of them; the consumer must run its `check`. Throws like `digestCheck`. */
export function rawBody(request: FastifyRequest): RawBody {
  const body = request.raw.iterator({ destroyOnReturn: false }) // otherwise the error response could not be sent
  const check = digestCheck(request.headers, ['Content-Digest'])
  return { bytes: withSenderTimeout(request, body), size: bodySize(request), check }
}

/**
 * A body that is the complete file: reading it throws `bad_request` if it does not match the digests of the client.
 * Throws like `digestCheck`.
 */
export function wholeBody(request: FastifyRequest): Pick<RawBody, 'bytes' | 'size'> {
  const { bytes, size } = rawBody(request)
  const check = digestCheck(request.headers, ['Content-Digest', 'Repr-Digest'])
  return { bytes: check ? checked(bytes, check) : bytes, size }
}

async function* checked(bytes: AsyncIterable<Uint8Array>, check: DigestCheck): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    check.add(chunk)
    yield chunk
  }
  check.end()
}

/** The announced size of a file that is the whole body. */
export function announcedBody(request: FastifyRequest): Announcement {
  const bytes = bodySize(request)
  return { bytes: bytes ?? Number.POSITIVE_INFINITY, isExact: bytes !== undefined }
}

/** The announced size of a file in a form: only the size of the form is known, which is somewhat larger. */
export const announcedForm = (request: FastifyRequest): Announcement => ({ ...announcedBody(request), isExact: false })

/** Announced bytes of a body; undefined: not announced. */
export function bodySize({ headers }: FastifyRequest): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
}
