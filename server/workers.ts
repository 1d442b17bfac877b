import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { RateLimiterClusterMaster } from 'rate-limiter-flexible'
import type { Config } from './config/config.ts'
import { createWorkersMetrics } from './http/metrics.ts'
import { GRACE_MS, orExit } from './serve.ts'

/**
 * Delay before a worker that could not start is tried again, for example while the database is down; doubled with each
 * failure in a row.
 */
const FIRST_DELAY_MS = 1_000
const LONGEST_DELAY_MS = 30_000

/**
 * Runs `config.workers` processes on one port, each a replica of its own, and replaces any that dies. The first is up
 * before the others start, so that migrations run once and a failed start is reported once. Later, a worker that can't
 * start is retried, since the others still serve.
 */
export async function superviseWorkers(config: Config, log: Logger): Promise<void> {
  new RateLimiterClusterMaster() // counts wrong passwords for all workers
  const metrics = config.metricsPort === 0 ? undefined : await createWorkersMetrics()
  const running = new Map<Worker, Promise<void>>()
  let isUp = false
  let isStopping = false
  let failedStarts = 0

  closeWithGrace({ delay: config.shutdownTimeoutMs + 2 * GRACE_MS, logger: false }, async ({ err }) => {
    isStopping = true
    if (err) log.fatal({ err }, 'stopping after an error')
    for (const worker of running.keys()) worker.process.kill('SIGTERM')
    await Promise.all(running.values())
    await metrics?.close()
  })

  function start(): Worker {
    const worker = cluster.fork()
    worker.on('error', (err) => log.warn({ err, pid: worker.process.pid }, 'a message did not reach a worker')) // it died
    running.set(worker, ended(worker))
    return worker
  }

  async function ended(worker: Worker): Promise<void> {
    let hasListened = false
    worker.once('listening', () => {
      hasListened = true
      failedStarts = 0
    })
    const [code, signal] = await once(worker, 'exit')
    running.delete(worker)
    if (isStopping) return
    if (!isUp && !hasListened) return process.exit(1) // it has logged the reason, and the next one could not start either
    log.error({ pid: worker.process.pid, code, signal }, 'a worker died')
    if (hasListened) start()
    else startLater()
  }

  function startLater(): void {
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failedStarts)
    failedStarts += 1
    log.warn({ delayMs }, 'a worker could not start and will be tried again')
    setTimeout(() => {
      if (!isStopping) start()
    }, delayMs)
  }

  if (metrics) await orExit(metrics.listen({ host: config.host, port: config.metricsPort }), config, log)
  await once(start(), 'listening')
  isUp = true
  for (let count = 1; count < config.workers; count += 1) start()
}
