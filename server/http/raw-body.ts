import type { FastifyRequest } from 'fastify'
import { whileSenderSpeaks } from './silence.ts'

/** A body that is the bytes themselves, and how many they will be, where that is said. */
export function rawBody(request: FastifyRequest): { bytes: AsyncIterable<Uint8Array>; size: number | undefined } {
  const body = request.raw.iterator({ destroyOnReturn: false }) // else nobody could read why it was refused
  return { bytes: whileSenderSpeaks(request, body), size: bodySize(request) }
}

/** Bytes of a body, whatever it is; undefined: not said. */
export function bodySize({ headers }: FastifyRequest): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
}
