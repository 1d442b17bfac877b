import type { FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'

/** For routes that create uploads: without this, a file that a guest meant for one upload would get a link of its own. */
export async function refuseGuests({ headers }: FastifyRequest): Promise<void> {
  if (headers['x-requesttoken'] !== undefined) {
    throw new AppError('file_request_address_wrong')
  }
}
