import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { type App, createApp } from './app.ts'
import type { Config } from './config/config.ts'
import { listeningUrl } from './http/links.ts'
import { isPretty } from './lib/logger.ts'
import { startProblem } from './start-problem.ts'

/** The time that shutting down may take after all transfers were cut; then the process is considered hung. */
export const GRACE_MS = 5_000

interface Options {
  /** Signals that this process ignores. */
  deaf?: 'SIGINT'[]
}

/** Serves until a signal arrives; transfers then have `shutdownTimeoutMs` to end. If the start fails, the process exits. */
export async function serve(config: Config, log: Logger, options: Options = {}): Promise<App> {
  return orExit(start(config, log, options), config, log)
}

/** Waits for a step of the start. If it fails, logs the reason and exits. */
export async function orExit<T>(starting: Promise<T>, config: Config, log: Logger): Promise<T> {
  return starting.catch((err: unknown) => {
    const problem = startProblem(err, config)
    if (problem) log.fatal(`could not start: ${problem}`)
    else log.fatal({ err }, 'could not start')
    process.exit(1)
  })
}

async function start(config: Config, log: Logger, { deaf = [] }: Options): Promise<App> {
  const app = await createApp({ config, log })
  closeWithGrace({ delay: config.shutdownTimeoutMs + GRACE_MS, logger: false, skip: deaf }, async ({ signal, err }) => {
    if (err) log.fatal({ err }, 'stopping after an error')
    else log.info({ signal }, 'stopping')
    // Transfers may finish within this time; then they are cut, and partly received data is deleted.
    const cut = setTimeout(() => app.server.server.closeAllConnections(), config.shutdownTimeoutMs)
    await app.close()
    clearTimeout(cut)
  })
  if (cluster.isPrimary) await app.metrics?.listen({ host: config.host, port: config.metricsPort })
  await app.server.listen({ host: config.host, port: config.port })
  // Only after the server listens: a bucket that does not respond takes minutes to fail.
  void app.storeOwnership.assertOwned().catch((err: unknown) => log.error({ err }, 'no stored file is deleted'))
  app.maintenance.start()
  void app.jobEngine.agent.start()
  return app
}

/** Shows addresses and first steps, as text above the logs or as a log entry. `command`: how users call commands. */
export async function announce(app: App, config: Config, log: Logger, command: string): Promise<void> {
  const { port } = app.server.server.address() as AddressInfo
  const url = listeningUrl({ ...config, port })
  const storage = config.storage === 's3' ? `bucket ${config.s3Bucket}` : resolve(config.dataDir)
  const administrator = (await hasAdministrator(app)) ? undefined : adviceOn(config, command)
  if (isPretty(config.logFormat)) process.stdout.write(banner(url, storage, administrator))
  else log.info({ page: `${url}/`, data: storage, administrator }, 'Mayfly is ready')
}

async function hasAdministrator({ accounts }: App): Promise<boolean> {
  const one = { limit: 1, order: 'desc', sort: 'date', cursor: undefined } as const
  return (await accounts.users.list({ isAdmin: true }, one)).total > 0
}

function adviceOn({ featureAuthentication }: Config, command: string): string {
  const setting = featureAuthentication === 'disabled' ? ', and MAYFLY_FEATURE_AUTHENTICATION=enabled' : ''
  return `none yet: ${command} user create --login admin --admin${setting}`
}

const banner = (url: string, storage: string, administrator: string | undefined): string => `
Mayfly is ready

  page and API   ${url}/
  data           ${storage}
  upload         curl -F 'file=@photo.jpg' ${url}/
${administrator ? `  administrator  ${administrator}\n` : ''}
`
