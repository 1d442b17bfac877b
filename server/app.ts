import { dirname, resolve } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { SHIPPED_JOBS } from '../seeds/jobs.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { openStore } from '../storage/open-store.ts'
import { type AccountRemoval, createAccountRemoval } from './accounts/account-removal.ts'
import { type Accounts, createAccounts } from './accounts/accounts.ts'
import { createAccountsImportRepo } from './accounts/accounts-import-repo.ts'
import { authRoutes } from './accounts/auth-routes.ts'
import { cliLoginRoutes } from './accounts/cli-login-routes.ts'
import { meRoutes } from './accounts/me-routes.ts'
import { oidcRoutes } from './accounts/oidc-routes.ts'
import { tokensRoutes } from './accounts/tokens-routes.ts'
import { usersRoutes } from './accounts/users-routes.ts'
import { createActivity } from './activity/activity.ts'
import type { Statistics } from './activity/statistics.ts'
import { statisticsRoutes } from './activity/statistics-routes.ts'
import type { Config } from './config/config.ts'
import { type Backups, createBackups } from './database/backup.ts'
import { diskOf } from './database/disk.ts'
import { migrateDatabase } from './database/migrate.ts'
import { type Database, openDatabase } from './database/open-database.ts'
import { optimise } from './database/optimise.ts'
import { createClaims } from './downloads/claims.ts'
import { createClaimsRepo } from './downloads/claims-repo.ts'
import { createDownloadCounter } from './downloads/download-counter.ts'
import { createDownloads } from './downloads/downloads.ts'
import { downloadsRoutes } from './downloads/downloads-routes.ts'
import { createRequests } from './file-requests/file-requests.ts'
import { createRequestsRepo } from './file-requests/file-requests-repo.ts'
import { requestsRoutes } from './file-requests/file-requests-routes.ts'
import { guestRoutes } from './file-requests/guest-routes.ts'
import { createCallerReader } from './http/caller.ts'
import { createMetrics } from './http/metrics.ts'
import { openapiRoutes } from './http/openapi-routes.ts'
import { createServer } from './http/server.ts'
import { serviceRoutes } from './http/service-routes.ts'
import { createUploadAnswer } from './http/upload-answer.ts'
import { createImages } from './images/images.ts'
import { createVariantsRepo } from './images/variants-repo.ts'
import { inTime } from './jobs/in-time.ts'
import { createJobActions } from './jobs/job-actions.ts'
import { createJobEngine, type JobEngine } from './jobs/job-engine.ts'
import { jobsRoutes } from './jobs/jobs-routes.ts'
import { createMaintenance, type Maintenance } from './jobs/maintenance.ts'
import { type Clock, type SteadyClock, systemClock, systemSteadyClock } from './lib/clock.ts'
import { AppError, kindOf } from './lib/errors.ts'
import { createBuiltPage } from './pages/built-page.ts'
import { createPages } from './pages/pages.ts'
import { webRoutes } from './pages/web-routes.ts'
import { createPlikImport, type PlikImport } from './plik/plik-import.ts'
import { createDigestCache } from './resumable/digest-cache.ts'
import { draftRoutes } from './resumable/draft-routes.ts'
import { putRoutes } from './resumable/put-routes.ts'
import { createReservations } from './resumable/reservations.ts'
import { createResumableUploads } from './resumable/resumable-uploads.ts'
import { createResumableUploadsRepo } from './resumable/resumable-uploads-repo.ts'
import { createTermination } from './resumable/termination.ts'
import { tusRoutes } from './resumable/tus-routes.ts'
import { createUploadLocks } from './resumable/upload-locks.ts'
import { createUploadWriter } from './resumable/writer.ts'
import { createStreamExchange } from './streams/stream-exchange.ts'
import { createStreamRelay } from './streams/stream-relay.ts'
import { createFilesCheck } from './uploads/files-check.ts'
import { createFilesCheckRepo } from './uploads/files-check-repo.ts'
import { createFreeSpaceGuard } from './uploads/intake/free-space.ts'
import { createQuotas } from './uploads/intake/quotas.ts'
import { createUploadsIntake } from './uploads/intake/uploads-intake.ts'
import { createManifests } from './uploads/manifests.ts'
import { createManifestsRepo } from './uploads/manifests-repo.ts'
import { createPasswordGate } from './uploads/password-gate.ts'
import { quickUploadRoutes } from './uploads/quick-upload-routes.ts'
import { createQuickUploads, type QuickUploads } from './uploads/quick-uploads.ts'
import { createStoreIdRepo } from './uploads/store-id-repo.ts'
import { createStoreOwnership, type StoreOwnership } from './uploads/store-ownership.ts'
import { createUploads, type Uploads } from './uploads/uploads.ts'
import { createUploadsExpiry } from './uploads/uploads-expiry.ts'
import { createUploadsExpiryRepo } from './uploads/uploads-expiry-repo.ts'
import { createUploadsImportRepo } from './uploads/uploads-import-repo.ts'
import { createUploadsListing, type UploadsListing } from './uploads/uploads-listing.ts'
import { createUploadsListingRepo } from './uploads/uploads-listing-repo.ts'
import { uploadsListingRoutes } from './uploads/uploads-listing-routes.ts'
import { createUploadsRepo } from './uploads/uploads-repo.ts'
import { uploadsRoutes } from './uploads/uploads-routes.ts'

/** The server and all services that the command line uses, too. */
export interface App {
  server: FastifyInstance
  accounts: Accounts
  /** Deletes an account and all its data. */
  removal: AccountRemoval
  uploads: Uploads
  listing: UploadsListing
  quickUploads: QuickUploads
  statistics: Statistics
  plikImport: PlikImport
  maintenance: Maintenance
  storeOwnership: StoreOwnership
  /** Serves Prometheus metrics on a port of its own; undefined if it is switched off. */
  metrics: FastifyInstance | undefined
  jobEngine: JobEngine
  backups: Backups
  close(): Promise<void>
}

export interface Options {
  config: Config
  log: FastifyBaseLogger
  clock?: Clock
  steady?: SteadyClock
}

/** The composition root. Opens the database and the store; does not listen. */
export async function createApp({
  config,
  log,
  clock = systemClock,
  steady = systemSteadyClock,
}: Options): Promise<App> {
  const location = databaseLocation(config)
  await migrateDatabase(location)
  const database = openDatabase(location)
  const blobs = await openStore(storeOptions(config))

  const { activity, statistics } = createActivity({ database, clock, log })
  const repo = createUploadsRepo(database)
  const manifestsRepo = createManifestsRepo(database)
  const { minFreeSpaceBytes } = config
  const { assertFreeSpace, reserveSpace } = createFreeSpaceGuard({
    blobs: blobsAndRows(blobs, config),
    steady,
    minFreeSpaceBytes,
  })
  const images = createImages({
    isOn: config.images === 'on',
    memoryBytes: config.imageMemoryBytes,
    folder: resolve(config.dataDir, 'pictures'),
    repo: createVariantsRepo(database),
    blobs,
    assertFreeSpace,
    clock,
    log,
  })
  const resumablesRepo = createResumableUploadsRepo({ ...database, spareUploads: repo.spareUploads })
  const digestCache = createDigestCache(config)
  const { knownBlobs } = repo
  const storeOwnership = createStoreOwnership({ repo: createStoreIdRepo(database), knownBlobs, blobs })
  const { assertOwned } = storeOwnership
  const expiry = createUploadsExpiry({
    repo: createUploadsExpiryRepo(database),
    knownBlobs,
    assertOwned,
    blobs,
    spool: images.spool,
    resumables: { isWanted: resumablesRepo.isWanted, sweep: () => termination.expire() },
    clock,
    steady,
    log,
  })
  const maintenance = createMaintenance({
    expiry,
    expireClaims: () => claims.expire(),
    leaseWatches: [
      () => claims.releaseLost(),
      () => locks.releaseLost(),
      () => expiry.findAbandoned(),
      () => intake.discardLeft(),
    ],
    log,
  })
  const onRemoved = maintenance.deleteBlobsSoon
  const claims = createClaims({
    repo: createClaimsRepo(database),
    clock,
    steady,
    claimWindowMs: config.claimWindowMs,
    onRemoved,
    log,
  })
  const check = createFilesCheck({ repo: createFilesCheckRepo(database), assertOwned, blobs, clock })
  const backups = createBackups({ database, folder: resolve(config.dataDir, config.backupDir || 'backups'), clock })
  const jobEngine = createJobEngine({
    database,
    actions: createJobActions({
      expiry,
      expireClaims: claims.expire,
      check,
      backups,
      optimise: (signal) => optimise(database, signal),
    }),
    countBroken: check.countBroken,
    clock,
    steady,
    channels: {
      smtpUrl: config.smtpUrl,
      mailFrom: config.mailFrom,
      allowPrivateWebhooks: config.webhookPrivateAddresses,
    },
    makeRoom: maintenance.makeRoom,
    log,
  })
  await jobEngine.jobs.seed(SHIPPED_JOBS)
  const accounts = createAccounts({ database, clock, config })
  const quotas = createQuotas({ repo, findUser: accounts.users.find, clock, config })
  const relay = createStreamRelay({ timeoutMs: config.streamTimeoutMs })
  const exchange = createStreamExchange({ relay, host: config.replicaHost })
  const uploads = createUploads({
    repo,
    manifests: manifestsRepo,
    quotas,
    passwords: createPasswordGate(),
    clock,
    config,
    activity,
    assertFreeSpace,
    exchange,
    onRemoved,
  })
  const intake = createUploadsIntake({
    repo,
    quotas,
    blobs,
    relay,
    exchange,
    images: images.intake,
    assertFreeSpace,
    reserveSpace,
    activity,
    clock,
    config,
    log,
  })
  const quickUploads = createQuickUploads({ uploads, intake, quotas, clock, steady, config, activity })
  const locks = createUploadLocks({ repo: resumablesRepo, clock, steady, log })
  const termination = createTermination({
    repo: resumablesRepo,
    locks,
    uploads,
    intake,
    findFile: repo.findFile,
    blobs,
    clock,
    log,
  })
  const requests = createRequests({
    repo: createRequestsRepo(database),
    uploads,
    intake,
    quotas,
    assertFreeSpace,
    clock,
    config,
    onRevoked: onRemoved,
  })
  const resumables = createResumableUploads({
    repo: resumablesRepo,
    locks,
    quotas,
    reservations: createReservations({ uploads, intake, quotas, requests, termination, config }),
    uploadWriter: createUploadWriter({
      blobs,
      digestCache,
      intake,
      quotas,
      findFile: repo.findFile,
      reserveSpace,
      clock,
      config,
    }),
    termination,
    findFile: repo.findFile,
    blobs,
    clock,
    config,
  })
  const downloads = createDownloads({
    uploads,
    claims,
    variants: images.variants,
    blobs,
    exchange,
    activity,
    downloadCounter: createDownloadCounter(),
  })

  const listing = createUploadsListing({ repo: createUploadsListingRepo(database), clock })
  const removal = createAccountRemoval({ users: accounts.users, removeUploads: uploads.removeAll })
  const readCaller = createCallerReader({ ...accounts, config })
  const built = createBuiltPage()
  const pagesFor = createPages({ config, built })
  const metrics = config.metricsPort === 0 ? undefined : await createMetrics(jobEngine.figures)
  const answerUpload = createUploadAnswer({ pagesFor, config })
  const server = await createServer({
    config,
    log,
    readCaller,
    findUpload: uploads.find,
    steady,
    pagesFor,
    observe: metrics?.observe,
    routes: [
      serviceRoutes({
        config,
        hasHeicDecoder: images.hasHeicDecoder,
        checkReadiness: createReadinessCheck(database, blobs),
      }),
      uploadsRoutes({
        uploads,
        manifests: createManifests({ repo: manifestsRepo, config }),
        intake,
        statistics,
        readCaller,
        config,
      }),
      tusRoutes({ resumables, readCaller, config }),
      draftRoutes({ resumables, readCaller, clock, config }),
      putRoutes({ resumables, quickUploads, readCaller, answerUpload, clock, config }),
      quickUploadRoutes({ quickUploads, readCaller, answerUpload, config }),
      requestsRoutes({ requests, uploads, readCaller, config }),
      guestRoutes({ requests, readCaller }),
      downloadsRoutes({ downloads, readCaller, config }),
      authRoutes({ ...accounts, readCaller, config }),
      oidcRoutes({ ...accounts, readCaller, config }),
      cliLoginRoutes({ ...accounts, readCaller, config }),
      meRoutes({ ...accounts, removal, readCaller, config }),
      tokensRoutes({ ...accounts, statistics, readCaller }),
      usersRoutes({ ...accounts, statistics, removal, readCaller, config }),
      uploadsListingRoutes({ ...accounts, uploads, listing, statistics, readCaller, config }),
      statisticsRoutes({ statistics, readCaller }),
      jobsRoutes({ engine: jobEngine, readCaller }),
      openapiRoutes(),
      webRoutes({ config, uploads, readCaller, pagesFor, built }),
    ],
  })

  async function close(): Promise<void> {
    relay.close()
    await server.close()
    await exchange.close()
    await metrics?.server.close()
    await jobEngine.agent.stop()
    await maintenance.close()
    await intake.close()
    await claims.close()
    digestCache.close()
    images.close()
    await activity.close()
    await blobs.close()
    await database.close()
  }

  return {
    server,
    accounts,
    removal,
    uploads,
    listing,
    quickUploads,
    statistics,
    plikImport: createPlikImport({
      accounts: createAccountsImportRepo(database),
      uploads: createUploadsImportRepo(database),
      assertOwned,
      blobs,
      clock,
    }),
    maintenance,
    storeOwnership,
    jobEngine,
    backups,
    metrics: metrics?.server,
    close,
  }
}

/** The location of the database, from the settings. */
export function databaseLocation({ database, dataDir, durability }: Config) {
  if (database.kind === 'postgres') return database
  return { kind: 'sqlite' as const, file: resolve(dataDir, database.file), syncEachCommit: durability === 'full' }
}

/** The disks that uploads fill: the one with the blobs, and the one with the SQLite database. */
function blobsAndRows(blobs: BlobStore, config: Config): Pick<BlobStore, 'freeBytes'> {
  const location = databaseLocation(config)
  if (location.kind === 'postgres') return blobs
  const disk = diskOf(dirname(location.file))
  const free = async () => Math.min((await blobs.freeBytes()) ?? Number.POSITIVE_INFINITY, await disk.freeBytes())
  return { freeBytes: free }
}

/** The options of the store, from the settings. */
export function storeOptions(config: Config) {
  if (config.storage === 'local') {
    return { kind: 'local' as const, directory: resolve(config.dataDir, 'files'), durability: config.durability }
  }
  return {
    kind: 's3' as const,
    bucket: config.s3Bucket,
    endpoint: config.s3Endpoint || undefined,
    region: config.s3Region,
    accessKeyId: config.s3AccessKeyId || undefined,
    secretAccessKey: config.s3SecretAccessKey || undefined,
    prefix: config.s3Prefix,
    forcePathStyle: config.s3ForcePathStyle,
    maxBlobBytes: config.maxFileSizeBytes,
    folder: resolve(config.dataDir, 'parts'),
    silenceMs: config.s3TimeoutMs,
  }
}

/** A check that takes longer counts as failed, so that a load balancer always gets an answer. */
const READINESS_TIMEOUT_MS = 1_000

/** Requests during a check share its result, so that a hanging check does not use up connections and threads. */
function createReadinessCheck({ db }: Database, blobs: BlobStore): () => Promise<void> {
  const check = (id: 'database_not_ready' | 'storage_not_ready', look: () => Promise<unknown>) => {
    let running: Promise<unknown> | undefined
    return async (): Promise<void> => {
      running ??= look().finally(() => {
        running = undefined
      })
      await inTime(running, AbortSignal.timeout(READINESS_TIMEOUT_MS), 0).catch((error: unknown) => {
        throw kindOf(error) ? error : new AppError(id, {}, { cause: error })
      })
    }
  }
  const checks = [
    check('database_not_ready', () => db.selectFrom('uploads').select('id').limit(1).execute()),
    check('storage_not_ready', () => blobs.check()),
  ]
  return async () => void (await Promise.all(checks.map((run) => run())))
}
