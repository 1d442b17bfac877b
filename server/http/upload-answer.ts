import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { PagesFor } from '../pages/pages.ts'
import { uploadJson } from '../uploads/upload-shapes.ts'
import type { NewUpload } from '../uploads/uploads.ts'
import { fileAddresses, fileBaseUrl, fileUrl, pageBase, serverUrl } from './links.ts'

export type AnswerUpload = ReturnType<typeof createUploadAnswer>

/**
 * The response of a quick upload: links as text, one per line; the upload as JSON for clients that accept it; a page for
 * a browser that sent a form. Text and pages may contain the address that the client used, since only the sender reads
 * them. JSON does not, since it may be forwarded to others.
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
