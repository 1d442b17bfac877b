import cluster from 'node:cluster'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { inTime } from '../jobs/in-time.ts'

/** Seconds. Small responses take milliseconds, large transfers minutes. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600]

/** Shorter than the timeouts of worker metrics and of Prometheus. */
const FIGURE_TIMEOUT_MS = 2_000

/** A metric whose value is read for each scrape. */
export interface Figure {
  /** A Prometheus name: `mayfly_…`, with the unit at the end. */
  name: string
  help: string
  read: () => number | Promise<number>
}

export interface Metrics {
  /** To be called after each response. */
  observe: (request: FastifyRequest, reply: FastifyReply) => void
  /**
   * Serves the metrics to Prometheus, on any path as Plik does. It has no authentication: its port must not be reachable
   * by unauthorised clients.
   */
  server: FastifyInstance
}

/** Metrics of this process and its responses. The client library is loaded only here, since most servers do not use it. */
export async function createMetrics(figures: readonly Figure[]): Promise<Metrics> {
  const { AggregatorRegistry, collectDefaultMetrics, Gauge, Histogram, Registry } = await import(
    '@prometheus-io/client'
  )
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'mayfly_http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  for (const { name, help, read } of figures) {
    new Gauge({
      name,
      help,
      registers,
      aggregator: 'first', // all workers read the same value
      async collect() {
        this.set(await known(read))
      },
    })
  }
  // The route and not the path: clients could create any number of labels.
  const observe: Metrics['observe'] = ({ method, routeOptions }, { statusCode, elapsedTime }) =>
    durations.observe({ method, route: routeOptions.url ?? '(none)', status: statusCode }, elapsedTime / 1000)

  if (cluster.isWorker) {
    AggregatorRegistry.setRegistries(registry)
    new AggregatorRegistry() // responds to `createWorkersMetrics`
  }
  return { observe, server: metricsServer(registry.contentType, () => registry.metrics()) }
}

/** NaN means an unknown value to Prometheus, for example while the database does not respond. */
async function known(read: Figure['read']): Promise<number> {
  const late = AbortSignal.timeout(FIGURE_TIMEOUT_MS)
  return inTime(Promise.resolve().then(read), late, 0).catch(() => Number.NaN)
}

/** The metrics of all workers of this process, added up. */
export async function createWorkersMetrics(): Promise<FastifyInstance> {
  const { AggregatorRegistry } = await import('@prometheus-io/client')
  const registry = new AggregatorRegistry()
  return metricsServer(registry.contentType, () => registry.clusterMetrics())
}

function metricsServer(contentType: string, figures: () => Promise<string>): FastifyInstance {
  const server = Fastify({ forceCloseConnections: true })
  server.get('*', async (_request, reply) => reply.type(contentType).send(await figures()))
  return server
}
