import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { CallerReader } from '../http/caller.ts'
import { fileAddresses, fileBaseUrl, fileUrl } from '../http/links.ts'
import { acceptForms, readForm } from '../http/multipart.ts'
import type { Pages } from '../http/pages.ts'
import { rawBody } from '../http/raw-body.ts'
import { optionFromField, optionsFromHeaders, optionsFromQuery } from './quick-options.ts'
import type { QuickUploads } from './quick-uploads.ts'
import type { UploadOptions } from './upload-rules.ts'
import { uploadJson } from './upload-shapes.ts'
import type { NewUpload } from './uploads.ts'
import type { IncomingFile } from './uploads-intake.ts'

interface Dependencies {
  quickUploads: QuickUploads
  readCaller: CallerReader
  pages: Pages
  config: Config
}

/** What a raw body without a name in its URL is called. */
const UNNAMED = 'file'

/** `curl -F file=@x host` and `curl -T x host`: bytes in, link out. */
export function quickUploadRoutes({ quickUploads, readCaller, pages, config }: Dependencies) {
  async function uploadForm(request: FastifyRequest, reply: FastifyReply) {
    const caller = await readCaller(request)
    const options = optionsOf(request)
    const onField = (name: string, value: string) => void Object.assign(options, optionFromField(name, value))
    const created = await quickUploads.create(readForm(request, onField), () => options, caller)
    return answer(request, reply, created)
  }

  async function uploadBody(request: FastifyRequest, reply: FastifyReply) {
    const caller = await readCaller(request)
    const options = optionsOf(request)
    const name = (request.params as { name?: string }).name ?? UNNAMED
    const { bytes } = rawBody(request)
    const created = await quickUploads.create(only({ name, bytes }), () => options, caller)
    return answer(request, reply, created)
  }

  /**
   * The link as text, one a line; a program that asks for JSON gets the upload, a browser that sent a form a page. Only the
   * text may hold the address that the client used: it is for him who sent it, the others could be shown to somebody else.
   */
  function answer(request: FastifyRequest, reply: FastifyReply, created: NewUpload) {
    const addresses = fileAddresses(config)
    const base = addresses.downloadUrl ?? config.pathPrefix
    const links = created.files.map((file) => ({ name: file.name, url: fileUrl(base, file) }))
    const accept = request.headers.accept ?? ''
    if (accept.includes('application/json')) {
      const visibility = { isAdmin: true, token: created.token, ...addresses }
      return { ...uploadJson(created.upload, created.files, visibility), links: links.map(({ url }) => url) }
    }
    if (accept.includes('text/html')) {
      const link = `${config.publicUrl || config.pathPrefix}/?id=${created.upload.id}`
      return reply
        .headers(pages.headers)
        .type('text/html; charset=utf-8')
        .send(pages.uploaded({ upload: created.upload, files: created.files, base }, link))
    }
    const mine = fileBaseUrl(request, config)
    return reply
      .type('text/plain; charset=utf-8')
      .send(created.files.map((file) => `${fileUrl(mine, file)}\n`).join(''))
  }

  return async (app: FastifyInstance): Promise<void> => {
    await acceptForms(app)
    app.addHook('onRequest', refuseGuests)
    app.post('/', uploadForm)
    app.put('/', uploadBody)
    app.put('/:name', uploadBody)
  }
}

/** Without this, what a guest meant for one upload only would get a link of its own. */
async function refuseGuests({ headers }: FastifyRequest): Promise<void> {
  if (headers['x-requesttoken'] !== undefined) {
    throw new AppError('bad_request', 'files for a request go to /request/, with a slash at the end')
  }
}

function optionsOf({ query, headers }: FastifyRequest): UploadOptions {
  return { ...optionsFromHeaders(headers), ...optionsFromQuery(query as Record<string, string>) }
}

async function* only(file: IncomingFile): AsyncGenerator<IncomingFile> {
  yield file
}
