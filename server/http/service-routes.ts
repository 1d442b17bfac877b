import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import { RELEASED_AT_SECONDS, VERSION } from '../lib/version.ts'
import { fileAddresses } from './links.ts'
import { qrCodePng } from './qr-code.ts'
import { NOT_LIMITED } from './rate-limited.ts'
import { WITH_HEAD } from './with-head.ts'

interface Dependencies {
  config: Config
  hasHeicDecoder: () => Promise<boolean>
  /** Throws if the database or the store can't be used. */
  checkReadiness: () => Promise<void>
}

const MAX_QR_SIZE = 1000
const DEFAULT_QR_SIZE = 250

/** Monitoring must not be rate-limited, and the page does not work without its configuration. */
const UNLIMITED = { ...WITH_HEAD, config: NOT_LIMITED } as const

/** Health checks, version and configuration of the server. */
export function serviceRoutes({ config, hasHeicDecoder, checkReadiness }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    app.get('/config', UNLIMITED, async () => configJson(config, await hasHeicDecoder()))

    app.get('/version', UNLIMITED, async () => versionJson(config))

    /** Liveness: the process responds. */
    app.get('/health', UNLIMITED, async () => 'ok\n')

    /** Readiness: the server can do its work. Separate from liveness, so that a slow database does not cause a restart. */
    app.get('/ready', UNLIMITED, async () => {
      await checkReadiness()
      return 'ok\n'
    })

    app.get<{ Querystring: { url?: string; size?: string } }>('/qrcode', async (request, reply) => {
      const { url = '', size } = request.query
      return reply.type('image/png').send(await qrCodePng(url, qrSize(size)))
    })
  }
}

/** Like Plik, uses the default for values that are not whole numbers. */
function qrSize(text: string | undefined): number {
  const size = /^[+-]?\d+$/.test(text ?? '') ? Number(text) : DEFAULT_QR_SIZE
  if (size <= 0) throw new AppError('qr_size_not_positive')
  if (size > MAX_QR_SIZE) throw new AppError('qr_size_too_large', { size: MAX_QR_SIZE })
  return size
}

/** Clients compare the version to offer updates of themselves; this server offers none. */
function versionJson({ enhancedWebSecurity }: Config) {
  const date = enhancedWebSecurity ? 0 : RELEASED_AT_SECONDS
  return {
    version: VERSION,
    date,
    isRelease: !enhancedWebSecurity,
    isMint: !enhancedWebSecurity,
    clients: null,
    releases: null,
  }
}

/** Plik's `/config`: every key of 1.3 in its order, with the booleans for older clients, then those added by 1.4. */
function configJson(config: Config, hasHeicDecoder: boolean) {
  const { downloadUrl } = fileAddresses(config)
  return {
    maxFileSize: limitJson(config.maxFileSizeBytes),
    maxUserSize: limitJson(config.maxUserSizeBytes),
    maxFilePerUpload: config.maxFilesPerUpload,
    defaultTTL: limitJson(config.defaultTtlSeconds),
    maxTTL: limitJson(config.maxTtlSeconds),
    downloadDomain: config.downloadDomain,
    downloadDomainAlias: config.downloadDomainAliases,
    ...(downloadUrl === undefined ? {} : { downloadURL: downloadUrl }),
    abuseContact: config.abuseContact,
    feature_authentication: config.featureAuthentication,
    feature_one_shot: config.featureOneShot,
    feature_removable: config.featureRemovable,
    feature_stream: config.featureStream,
    feature_password: config.featurePassword,
    feature_comments: config.featureComments,
    feature_set_ttl: config.featureSetTtl,
    feature_extend_ttl: config.featureExtendTtl,
    feature_clients: config.featureClients,
    feature_github: config.featureGithub,
    feature_text: config.featureText,
    authentication: config.featureAuthentication !== 'disabled',
    noAnonymousUploads: config.featureAuthentication === 'forced',
    oneShot: config.featureOneShot !== 'disabled',
    removable: config.featureRemovable !== 'disabled',
    stream: config.featureStream !== 'disabled',
    protectedByPassword: config.featurePassword !== 'disabled',
    googleAuthentication: false,
    ovhAuthentication: false,
    ovhApiEndpoint: '',
    feature_local_login: config.featureLocalLogin,
    feature_api_tokens: config.featureApiTokens,
    feature_delete_account: config.featureDeleteAccount,
    githubAuthentication: false,
    oidcAuthentication: config.featureAuthentication !== 'disabled' && config.oidcIssuer !== '',
    oidcProviderName: config.oidcProviderName,
    feature_requests: config.featureRequests,
    streamTimeout: config.streamTimeoutMs / 1000,
    heicThumbnails: hasHeicDecoder,
  }
}

export type ServerConfig = ReturnType<typeof configJson>

/** No limit is -1 in JSON. */
const limitJson = (limit: number): number => (Number.isFinite(limit) ? limit : -1)
