import './thread-pool.ts'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createLogger } from './logger.ts'

/** What is left to do once all transfers are cut takes no longer, or hangs. */
const GRACE_MS = 5_000

const config = readSettings()
const log = createLogger(config)
const app = await createApp({ config, log }).catch((err: unknown) => {
  log.fatal({ err }, 'could not start')
  process.exit(1)
})

closeWithGrace({ delay: config.shutdownTimeoutMs + GRACE_MS, logger: false }, async ({ signal, err }) => {
  if (err) log.fatal({ err }, 'stopping after an error')
  else log.info({ signal }, 'stopping')
  // Transfers may finish within the bound; then they are cut, and nothing half received stays.
  const cut = setTimeout(() => app.server.server.closeAllConnections(), config.shutdownTimeoutMs)
  await app.close()
  clearTimeout(cut)
})

await app.server.listen({ host: config.host, port: config.port })
await app.metrics?.listen({ host: config.host, port: config.metricsPort })
app.housekeeping.start()
announce()

function readSettings() {
  try {
    return readConfig(process.env)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}

/** What a newcomer wants to know, in words; logs go on below it. */
function announce(): void {
  const { port } = app.server.server.address() as AddressInfo
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
