import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { PagesFor } from '../pages/pages.ts'
import { uploadJson } from '../uploads/upload-shapes.ts'
import type { NewUpload } from '../uploads/uploads.ts'
import { fileAddresses, fileBaseUrl, fileUrl, pageBase, serverUrl } from './links.ts'

export type AnswerUpload = ReturnType<typeof createUploadAnswer>

/**
 * What a quick upload is answered with: the link as text, one a line; a program that asks for JSON gets the upload, a browser that
 * sent a form a page. What is to be read may hold the address that the client used: it is for the sender. JSON could be
 * shown to somebody else.
 */
export function createUploadAnswer({ pagesFor, config }: { pagesFor: PagesFor; config: Config }) {
  return (request: FastifyRequest, reply: FastifyReply, { upload, files, token }: NewUpload) => {
    const addresses = fileAddresses(config)
    const base = addresses.downloadUrl ?? config.pathPrefix
    const written = fileBaseUrl(request, config)
    const accept = request.headers.accept ?? ''
    if (accept.includes('application/json')) {
      const visibility = { isAdmin: true, token, ...addresses }
      return { ...uploadJson(upload, files, visibility), links: files.map((file) => fileUrl(base, file)) }
    }
    if (accept.includes('text/html')) {
      const list = `/?id=${upload.id}`
      const shown = { upload, files, base, written: { base: written, link: serverUrl(request, config) + list } }
      const pages = pagesFor(request)
      return reply.headers(pages.headers).send(pages.uploaded(shown, pageBase(config) + list))
    }
    return reply.type('text/plain; charset=utf-8').send(files.map((file) => `${fileUrl(written, file)}\n`).join(''))
  }
}
