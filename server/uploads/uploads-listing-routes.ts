import type { FastifyInstance, FastifyRequest } from 'fastify'
import { assertAdmin, assertLoggedIn } from '../accounts/caller.ts'
import { idOf, type Tokens } from '../accounts/tokens.ts'
import type { User } from '../accounts/user.ts'
import type { Users } from '../accounts/users.ts'
import type { Statistics } from '../activity/statistics.ts'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { fileAddresses } from '../http/links.ts'
import { flagOf, pagingOf, textOf } from '../http/paging.ts'
import { type ListedUpload, UPLOAD_SORTS, type UploadFilter } from './listing.ts'
import { listedUploadJson } from './upload-shapes.ts'
import type { Uploads } from './uploads.ts'
import type { UploadsListing } from './uploads-listing.ts'

interface Dependencies {
  uploads: Uploads
  listing: UploadsListing
  users: Users
  tokens: Tokens
  statistics: Pick<Statistics, 'downloadsOf' | 'usage'>
  readCaller: CallerReader
  config: Pick<Config, 'downloadDomain' | 'publicUrl' | 'pathPrefix'>
}

/** Lists and totals of a user's uploads, and of all uploads of the server. */
export function uploadsListingRoutes({
  uploads,
  listing,
  users,
  tokens,
  statistics,
  readCaller,
  config,
}: Dependencies) {
  const self = async (request: FastifyRequest): Promise<User> => assertLoggedIn(await readCaller.bySession(request))

  /** Throws `not_found` if `?token=` is not a token of this user. */
  async function ownFilter(request: FastifyRequest) {
    const user = await self(request)
    const reference = textOf(request.query, 'token')
    const token = reference === undefined ? undefined : await tokens.get(user, reference)
    return { userId: user.id, tokenId: token?.id, tokenCreatedAt: token?.createdAt }
  }

  async function pageOf(request: FastifyRequest, filter: UploadFilter) {
    const page = await listing.list({ ...optionsOf(request), ...filter }, pagingOf(request, UPLOAD_SORTS))
    const downloads = await statistics.downloadsOf(
      page.results.map(({ upload }) => upload.id),
      page.results.flatMap(({ files }) => files.map(({ id }) => id)),
    )
    const visibility = { ...fileAddresses(config), downloads }
    const shape = ({ upload, files }: ListedUpload) => listedUploadJson(upload, files, visibility)
    return { ...page, results: page.results.map(shape) }
  }

  return async (app: FastifyInstance): Promise<void> => {
    app.get('/me/uploads', async (request) => {
      const { userId, tokenId } = await ownFilter(request)
      return pageOf(request, { userId, tokenId })
    })

    app.delete('/me/uploads', async (request) => {
      const { userId, tokenId } = await ownFilter(request)
      return `${await uploads.removeAll({ userId, tokenId })} uploads removed`
    })

    app.get('/me/stats', async (request) => {
      const { createdAt: startedAt } = await self(request)
      const { userId, tokenId, tokenCreatedAt } = await ownFilter(request)
      const totals = await listing.totals({ userId, tokenId })
      const usage =
        tokenId === undefined
          ? await statistics.usage({ scope: 'user', id: userId }, { withWindows: true, startedAt })
          : await statistics.usage({ scope: 'token', id: tokenId }, { withWindows: false, startedAt: tokenCreatedAt })
      return { ...totals, usage }
    })

    app.get('/uploads', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      const token = textOf(request.query, 'token')
      const tokenId = token === undefined ? undefined : idOf(token)
      return pageOf(request, { userId: textOf(request.query, 'user'), tokenId })
    })

    app.get('/stats', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      const [all, anonymous] = [await listing.totals({}), await listing.totals({ userId: null })]
      return {
        users: await users.count(),
        uploads: all.uploads,
        anonymousUploads: anonymous.uploads,
        files: all.files,
        totalSize: all.totalSize,
        anonymousTotalSize: anonymous.totalSize,
        usage: await statistics.usage({ scope: 'server', id: '' }, { withWindows: true }),
        anonymousUsage: await statistics.usage({ scope: 'anonymous', id: '' }, { withWindows: false }),
      }
    })
  }
}

const optionsOf = (request: FastifyRequest): UploadFilter => ({
  oneShot: flagOf(request, 'oneShot'),
  removable: flagOf(request, 'removable'),
  stream: flagOf(request, 'stream'),
  extendTtl: flagOf(request, 'extendTTL'),
  password: flagOf(request, 'password'),
  e2ee: flagOf(request, 'e2ee'),
  text: textOf(request.query, 'q'),
})
