import type { FastifyRequest } from 'fastify'
import { whileSenderSpeaks } from './silence.ts'

/** A body that is the bytes themselves, and how many they will be, where that is said. */
export function rawBody(request: FastifyRequest): { bytes: AsyncIterable<Uint8Array>; size: number | undefined } {
  const body = request.raw.iterator({ destroyOnReturn: false }) // else nobody could read why it was refused
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  const size = coding === undefined ? Number(length ?? 0) : undefined
  return { bytes: whileSenderSpeaks(request, body), size }
}
