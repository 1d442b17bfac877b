import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { Config } from '../config/config.ts'

/** Collects the schemas of routes; to be called before they are mounted. Routes without a schema are left out. */
export async function describeRoutes(app: FastifyInstance, { pathPrefix }: Pick<Config, 'pathPrefix'>): Promise<void> {
  const transform = createJsonSchemaTransform({ skipList: [] })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Mayfly', version: '1', description: 'Beside Plik’s API, which docs/api.md describes.' },
      servers: [{ url: pathPrefix || '/' }],
    },
    transform: (route) => (route.schema ? transform(route) : { schema: { hide: true }, url: route.url }),
    transformObject: jsonSchemaTransformObject,
  })
}
