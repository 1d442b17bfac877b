import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError } from '../errors.ts'
import { acceptAnyBodyAsText } from './json-body.ts'

/**
 * A scope whose routes say in zod what they take and answer: it is checked, typed and described in `/openapi.json`.
 * Bodies are JSON whatever their `Content-Type` says, since `curl -d` says that they are forms.
 */
export function typedByZod(scope: FastifyInstance) {
  acceptAnyBodyAsText(scope)
  scope.addHook('preValidation', async (request) => {
    if (typeof request.body === 'string' || request.body === undefined) request.body = parse(request.body ?? '')
  })
  scope.setValidatorCompiler(validatorCompiler)
  scope.setSerializerCompiler(serializerCompiler)
  return scope.withTypeProvider<ZodTypeProvider>()
}

function parse(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('bad_request', 'the request body is not JSON', { cause })
  }
}
