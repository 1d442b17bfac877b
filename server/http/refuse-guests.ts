import type { FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'

/** For doors that make uploads: without this, what a guest meant for one upload only would get a link of its own. */
export async function refuseGuests({ headers }: FastifyRequest): Promise<void> {
  if (headers['x-requesttoken'] !== undefined) {
    throw new AppError('file_request_address_wrong')
  }
}
