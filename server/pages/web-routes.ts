import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { challengeFor } from '../http/error-handler.ts'
import { fileAddresses, sendingUrl } from '../http/links.ts'
import { NOT_LIMITED, type RateLimited } from '../http/rate-limited.ts'
import { WITH_HEAD } from '../http/with-head.ts'
import { kindOf } from '../lib/errors.ts'
import type { Uploads } from '../uploads/uploads.ts'
import { ASSETS_FOLDER, type BuiltPage } from './built-page.ts'
import { isPerson } from './error-page.ts'
import type { PagesFor } from './pages.ts'

interface Dependencies {
  config: Config
  uploads: Uploads
  readCaller: CallerReader
  pagesFor: PagesFor
  built: BuiltPage
}

interface ListRoute {
  Querystring: { id?: string | string[]; unlock?: string }
}

/** The page, and its replacements without JavaScript. */
export function webRoutes({ config, uploads, readCaller, pagesFor, built }: Dependencies) {
  /** Throws `unauthorized`, so that the browser asks for the password; a page explains this before. */
  async function list(id: string, request: FastifyRequest<ListRoute>, reply: FastifyReply) {
    const pages = pagesFor(request)
    try {
      const opened = await uploads.open(id, await readCaller(request))
      const files = await uploads.listFiles(opened)
      const base = fileAddresses(config).downloadUrl ?? config.pathPrefix
      return reply.headers(pages.headers).send(pages.list({ upload: opened.upload, files, base }))
    } catch (error) {
      if (kindOf(error) === 'unauthorized' && isFirstVisit(request)) {
        const address = `./?${new URLSearchParams({ id, unlock: '1' })}`
        reply.code(401).headers({ ...pages.headers, 'WWW-Authenticate': challengeFor(true) })
        return reply.send(pages.locked(address))
      }
      if (kindOf(error) !== 'not_found') throw error
      return reply.code(404).headers(pages.headers).send(pages.notFound())
    }
  }

  return async (app: FastifyInstance): Promise<void> => {
    // Their names contain a hash of their content, so they can be cached forever.
    await app.register(async (assets) => {
      assets.addHook('onRoute', (route) => {
        route.config = { ...route.config, ...NOT_LIMITED }
      })
      await assets.register(fastifyStatic, {
        root: ASSETS_FOLDER,
        prefix: '/assets/',
        maxAge: '1y',
        immutable: true,
        preCompressed: true,
        decorateReply: false,
      })
    })

    app.get<ListRoute>('/', { ...WITH_HEAD, config: { rateLimited: limitOfRoot } }, async (request, reply) => {
      if (isOutside(request, config)) return reply.redirect(`${config.pathPrefix}/`, 308)
      const [given = ''] = [request.query.id ?? ''].flat()
      const id = linkedId(given)
      if (id !== given) return reply.redirect(`./?${new URLSearchParams({ id })}`, 303) // other parts of a link must not stay in the address
      if (id !== '') return list(id, request, reply)
      const pages = pagesFor(request)
      return reply.headers(pages.headers).send(pages.send(sendingUrl(request, config)))
    })

    app.get('/download-worker.js', { ...WITH_HEAD, config: NOT_LIMITED }, (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').header('Cache-Control', 'no-cache').send(built.downloadWorker()),
    )
  }
}

/** The page itself is a static file; with an id it is a list of files. */
const limitOfRoot = ({ query }: FastifyRequest): RateLimited =>
  (query as ListRoute['Querystring']).id ? 'lookup' : 'none'

const isFirstVisit = ({ headers, query }: FastifyRequest<ListRoute>): boolean =>
  isPerson(headers) && headers.authorization === undefined && query.unlock === undefined

/** All addresses in the page are relative: at `/files` without a trailing slash they would start one folder too high. */
const isOutside = ({ url }: FastifyRequest, { pathPrefix }: Config): boolean =>
  pathPrefix !== '' && url.split('?', 1)[0] === pathPrefix

/** Extracts the id from an id or a whole link: `https://host/#/?id=…`. */
const linkedId = (text: string): string => /[?&]id=([^&#\s]+)/.exec(text)?.[1] ?? text.trim()
