import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, BYTES_WITH_COMMENTS, readJson } from '../http/json-body.ts'
import { requestUrl } from '../http/links.ts'
import type { OpenUpload, Uploads } from '../uploads/uploads.ts'
import { CreateRequestBody, requestJson } from './file-request-shapes.ts'
import type { Requests } from './file-requests.ts'

interface Dependencies {
  requests: Requests
  uploads: Uploads
  readCaller: CallerReader
  config: Config
}

interface UploadParams {
  uploadId: string
}

/** File requests, for callers that administer the upload. */
export function requestsRoutes({ requests, uploads, readCaller, config }: Dependencies) {
  const open = async (request: FastifyRequest): Promise<OpenUpload> =>
    uploads.open((request.params as UploadParams).uploadId, await readCaller(request))

  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)

    app.post('/upload/:uploadId/requests', async (request) => {
      const opened = await open(request)
      const options = await readJson(request, CreateRequestBody, { maxBytes: BYTES_WITH_COMMENTS })
      const { created, token } = await requests.create(opened, options, await readCaller(request))
      return {
        ...requestJson(created, opened.upload),
        requestToken: token,
        link: requestUrl(config, token),
      }
    })

    app.get('/upload/:uploadId/requests', async (request) => {
      const opened = await open(request)
      return { requests: (await requests.list(opened)).map((listed) => requestJson(listed, opened.upload)) }
    })

    app.delete<{ Params: UploadParams & { requestId: string } }>(
      '/upload/:uploadId/requests/:requestId',
      async (request) => {
        await requests.revoke(await open(request), request.params.requestId)
        return 'ok'
      },
    )
  }
}
