import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptForms, readForm } from '../http/multipart.ts'
import { LIMITED_AS_CREATE } from '../http/rate-limited.ts'
import { announcedForm } from '../http/raw-body.ts'
import { refuseGuests } from '../http/refuse-guests.ts'
import type { AnswerUpload } from '../http/upload-answer.ts'
import { optionFromField, optionsOfRequest } from './quick-options.ts'
import type { QuickUploads } from './quick-uploads.ts'

interface Dependencies {
  quickUploads: QuickUploads
  readCaller: CallerReader
  answerUpload: AnswerUpload
  config: Pick<Config, 'maxFilesPerUpload'>
}

/** `curl -F file=@x host`: sends files, returns links. Raw bodies are handled by `resumable/put-routes.ts`. */
export function quickUploadRoutes({ quickUploads, readCaller, answerUpload, config }: Dependencies) {
  async function uploadForm(request: FastifyRequest, reply: FastifyReply) {
    const caller = await readCaller(request)
    const options = optionsOfRequest(request)
    const onField = (name: string, value: string) => void Object.assign(options, optionFromField(name, value))
    const created = await quickUploads.create(
      readForm(request, { onField, maxFiles: config.maxFilesPerUpload }),
      () => options,
      caller,
      announcedForm(request),
      readCaller.sender(request, reply),
    )
    return answerUpload(request, reply, created)
  }

  return async (app: FastifyInstance): Promise<void> => {
    await acceptForms(app)
    app.addHook('onRequest', refuseGuests)
    app.post('/', { config: LIMITED_AS_CREATE }, uploadForm)
  }
}
