import cluster from 'node:cluster'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { inTime } from '../jobs/in-time.ts'

/** Seconds. Small answers take milliseconds, large transfers minutes. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600]

/** Less than a worker has for its figures, and than Prometheus waits for. */
const FIGURE_TIMEOUT_MS = 2_000

/** A figure that is read anew each time somebody looks. */
export interface Figure {
  /** As Prometheus names things: `mayfly_…`, with the unit at the end. */
  name: string
  help: string
  read: () => number | Promise<number>
}

export interface Metrics {
  /** To be called once a request was answered. */
  observe: (request: FastifyRequest, reply: FastifyReply) => void
  /**
   * Shows the figures to Prometheus, at any path as Plik's does. It has no authentication: who must not see them must not
   * reach its port.
   */
  server: FastifyInstance
}

/** Figures about this process and what it answers. The client is loaded only here: most servers are not watched. */
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
      aggregator: 'first', // all workers read the same
      async collect() {
        this.set(await known(read))
      },
    })
  }
  // The route and not the path: strangers could invent labels without end.
  const observe: Metrics['observe'] = ({ method, routeOptions }, { statusCode, elapsedTime }) =>
    durations.observe({ method, route: routeOptions.url ?? '(none)', status: statusCode }, elapsedTime / 1000)

  if (cluster.isWorker) {
    AggregatorRegistry.setRegistries(registry)
    new AggregatorRegistry() // answers what `createWorkersMetrics` asks
  }
  return { observe, server: metricsServer(registry.contentType, () => registry.metrics()) }
}

/** Prometheus takes NaN for a value that is not known, as while the database does not answer. */
async function known(read: Figure['read']): Promise<number> {
  const late = AbortSignal.timeout(FIGURE_TIMEOUT_MS)
  return inTime(Promise.resolve().then(read), late, 0).catch(() => Number.NaN)
}

/** The figures of all workers of this process, added up. */
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
