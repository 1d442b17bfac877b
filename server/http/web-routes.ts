import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Uploads } from '../uploads/uploads.ts'
import { ASSETS_FOLDER, type BuiltPage } from './built-page.ts'
import type { CallerReader } from './caller.ts'
import { fileAddresses, serverUrl } from './links.ts'
import type { Pages } from './pages.ts'

interface Dependencies {
  config: Config
  uploads: Uploads
  readCaller: CallerReader
  pages: Pages
  built: BuiltPage
}

/** The page, and what people without JavaScript have instead. */
export function webRoutes({ config, uploads, readCaller, pages, built }: Dependencies) {
  const html = (reply: FastifyReply, page: string) =>
    reply.headers(pages.headers).type('text/html; charset=utf-8').send(page)

  /** Throws `unauthorized`, upon which the browser asks for the password. */
  async function list(id: string, request: FastifyRequest, reply: FastifyReply) {
    try {
      const opened = await uploads.open(id, await readCaller(request))
      const files = await uploads.listFiles(opened)
      return html(
        reply,
        pages.list({ upload: opened.upload, files, base: fileAddresses(config).downloadUrl ?? config.pathPrefix }),
      )
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error
      return html(reply.code(404), pages.notFound())
    }
  }

  return async (app: FastifyInstance): Promise<void> => {
    // Their names change with what is in them, so a copy is good for ever.
    await app.register(fastifyStatic, {
      root: ASSETS_FOLDER,
      prefix: '/assets/',
      maxAge: '1y',
      immutable: true,
      preCompressed: true,
      decorateReply: false,
    })

    app.get<{ Querystring: { id?: string } }>('/', async (request, reply) => {
      if (isOutside(request, config)) return reply.redirect(`${config.pathPrefix}/`, 308)
      const id = linkedId(request.query.id)
      return id === undefined ? html(reply, pages.send(serverUrl(request, config))) : list(id, request, reply)
    })

    app.get('/download-worker.js', (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').header('Cache-Control', 'no-cache').send(built.downloadWorker()),
    )
  }
}

/** Every address in the page is relative: at `/files` they would start one folder too high. */
const isOutside = ({ url }: FastifyRequest, { pathPrefix }: Config): boolean =>
  pathPrefix !== '' && url.split('?', 1)[0] === pathPrefix

/** Of an id, or of a whole link as people were given it: `https://host/#/?id=…`. */
function linkedId(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  return /[?&]id=([^&#]+)/.exec(text)?.[1] ?? text
}
