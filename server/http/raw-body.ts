import type { FastifyRequest } from 'fastify'
import type { Announcement } from '../uploads/intake/announcement.ts'
import { type DigestCheck, digestCheck } from '../uploads/intake/digests.ts'
import { withSenderTimeout } from './idle-timeout.ts'

export interface RawBody {
  bytes: AsyncIterable<Uint8Array>
  /** Undefined: not said. */
  size: number | undefined
  /** Of these bytes; undefined: their sender says nothing of them. */
  check: DigestCheck | undefined
}

/** A body that is the bytes themselves, or some of them: who takes it sees to its `check`. Throws as `digestCheck`. */
export function rawBody(request: FastifyRequest): RawBody {
  const body = request.raw.iterator({ destroyOnReturn: false }) // else nobody could read why it was refused
  const check = digestCheck(request.headers, ['Content-Digest'])
  return { bytes: withSenderTimeout(request, body), size: bodySize(request), check }
}

/** A body that is all the bytes: they end by `bad_request` when they are not what their sender says. Throws as `digestCheck`. */
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

/** What a body that is the file says of its size. */
export function announcedBody(request: FastifyRequest): Announcement {
  const bytes = bodySize(request)
  return { bytes: bytes ?? Number.POSITIVE_INFINITY, isExact: bytes !== undefined }
}

/** What a form says of the size of the file in it: nobody knows, but the form itself is somewhat larger. */
export const announcedForm = (request: FastifyRequest): Announcement => ({ ...announcedBody(request), isExact: false })

/** Bytes of a body, whatever it is; undefined: not said. */
export function bodySize({ headers }: FastifyRequest): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
}
