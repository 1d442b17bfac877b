import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CallerReader } from '../http/caller.ts'
import { acceptForms, readSingleFile } from '../http/multipart.ts'
import { LIMITED_AS_SECRET } from '../http/rate-limited.ts'
import { announcedBody, announcedForm, wholeBody } from '../http/raw-body.ts'
import { AppError } from '../lib/errors.ts'
import { fileJson } from '../uploads/upload-shapes.ts'
import { guestJson } from './file-request-shapes.ts'
import type { Requests } from './file-requests.ts'

/** The file name of a raw body without a name in its URL. */
const UNNAMED = 'file'

/**
 * Routes for guests, who are authorised by the token alone. Sessions and passwords are ignored, and no response contains
 * the upload's id.
 */
export function guestRoutes({ requests, readCaller }: { requests: Requests; readCaller: CallerReader }) {
  async function addForm(request: FastifyRequest, reply: FastifyReply) {
    const sender = readCaller.sender(request, reply)
    const incoming = async () => ({ ...(await readSingleFile(request, { alone: true })), sender })
    return fileJson(await requests.addFile(tokenOf(request), announcedForm(request), incoming))
  }

  async function addBody(request: FastifyRequest, reply: FastifyReply) {
    const { name = UNNAMED } = request.params as { name?: string }
    const { bytes } = wholeBody(request)
    const incoming = { name, bytes, sender: readCaller.sender(request, reply) }
    return fileJson(await requests.addFile(tokenOf(request), announcedBody(request), async () => incoming))
  }

  return async (app: FastifyInstance): Promise<void> => {
    await acceptForms(app)

    app.get('/request', { config: LIMITED_AS_SECRET }, async (request) =>
      guestJson(await requests.inspect(tokenOf(request))),
    )

    for (const path of ['/request', '/request/']) app.post(path, { config: LIMITED_AS_SECRET }, addForm)
    for (const path of ['/request/', '/request/:name']) app.put(path, { config: LIMITED_AS_SECRET }, addBody)
  }
}

/** Only from a header: URLs are stored in logs and browser histories. Throws `bad_request`. */
function tokenOf({ headers }: FastifyRequest): string {
  const token = headers['x-requesttoken']
  if (typeof token === 'string' && token !== '') return token
  throw new AppError('file_request_token_missing')
}
