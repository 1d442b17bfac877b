import type { FastifyInstance } from 'fastify'

/** For `constraints` of routes whose URL is used by two protocols: tus sends a header of its own in every request. */
export const TUS = { tus: 'yes' }
export const NOT_TUS = { tus: 'no' }

/** Adds the constraint used by `TUS` and `NOT_TUS` to the router. May be called more than once. */
export function distinguishTus(app: FastifyInstance): void {
  if (app.hasConstraintStrategy('tus')) return
  app.addConstraintStrategy({
    name: 'tus',
    storage: () => {
      const handlers = new Map()
      return { get: (value) => handlers.get(value) ?? null, set: (value, handler) => void handlers.set(value, handler) }
    },
    deriveConstraint: ({ headers }) => (headers['tus-resumable'] === undefined ? 'no' : 'yes'),
    validate: () => {},
  })
}
