import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { makeApp, type TestApp } from './make-app.ts'

export interface Route {
  method: string
  /** As it is mounted: `/file/:uploadId/:fileId/*`. */
  url: string
}

/** The application, and every route that it mounts, but `OPTIONS` and those of folders. */
export async function makeAppWithRoutes(settings: Record<string, string>): Promise<{ app: TestApp; routes: Route[] }> {
  const routes: Route[] = []
  const watch = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'OPTIONS' && url !== '*') routes.push({ method: one, url })
    })
  }
  subscribe('fastify.initialization', watch)
  try {
    return { app: await makeApp(settings), routes }
  } finally {
    unsubscribe('fastify.initialization', watch)
  }
}

/** A path of a route: `parameters` fill what is variable, `x` the rest. */
export const pathOf = ({ url }: Route, parameters: Record<string, string> = {}): string =>
  url.replace(/:(\w+)|\*/g, (variable, name: string) => parameters[name ?? variable] ?? 'x')
