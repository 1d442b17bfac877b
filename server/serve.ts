import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { type App, createApp } from './app.ts'
import type { Config } from './config.ts'
import { createLogger } from './logger.ts'

/** What is left to do once all transfers are cut takes no longer, or hangs. */
export const GRACE_MS = 5_000

/** Serves until a signal that is not in `deaf` comes; transfers then have `shutdownTimeoutMs` to end. */
export async function serve(config: Config, { deaf = [] }: { deaf?: 'SIGINT'[] } = {}): Promise<App> {
  const log = await createLogger(config)
  const app = await createApp({ config, log }).catch((err: unknown) => {
    log.fatal({ err }, 'could not start')
    process.exit(1)
  })
  closeWithGrace({ delay: config.shutdownTimeoutMs + GRACE_MS, logger: false, skip: deaf }, async ({ signal, err }) => {
    if (err) log.fatal({ err }, 'stopping after an error')
    else log.info({ signal }, 'stopping')
    // Transfers may finish within the bound; then they are cut, and nothing half received stays.
    const cut = setTimeout(() => app.server.server.closeAllConnections(), config.shutdownTimeoutMs)
    await app.close()
    clearTimeout(cut)
  })
  await app.storeOwnership.assertOwned().catch((err: unknown) => log.error({ err }, 'no stored file is deleted'))
  await app.server.listen({ host: config.host, port: config.port })
  if (cluster.isPrimary) await app.metrics?.listen({ host: config.host, port: config.metricsPort })
  app.housekeeping.start()
  void app.jobEngine.agent.start()
  return app
}

/** What a newcomer wants to know, in words; logs go on below it. */
export function announce({ server }: App, config: Config): void {
  const { port } = server.server.address() as AddressInfo
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host
  const url = config.publicUrl || `http://${host.includes(':') ? `[${host}]` : host}:${port}${config.pathPrefix}`
  const storage = config.storage === 's3' ? `bucket ${config.s3Bucket}` : resolve(config.dataDir)
  process.stdout.write(`
Mayfly is ready

  page and API   ${url}/
  data           ${storage}
  upload         curl -F 'file=@photo.jpg' ${url}/

`)
}
