import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError } from '../lib/errors.ts'
import { fewProblems } from '../lib/shapes.ts'
import { acceptAnyBody, BYTES_WITH_COMMENTS, readText } from './json-body.ts'

/**
 * A scope whose routes say in zod what they take and answer: it is checked, typed and described in `/openapi.json`.
 * Bodies are JSON whatever their `Content-Type` says, since `curl -d` says that they are forms.
 */
export function typedByZod(scope: FastifyInstance) {
  acceptAnyBody(scope)
  scope.addHook('preValidation', async (request) => {
    if (request.routeOptions.schema?.body !== undefined && request.body === undefined)
      request.body = parse(await readText(request, { maxBytes: BYTES_WITH_COMMENTS }))
  })
  scope.setValidatorCompiler(validatorCompiler)
  scope.setSchemaErrorFormatter((errors, part) => {
    const problems = errors.map(({ instancePath, message }) => `${part}${instancePath} ${message}`)
    return new Error(fewProblems(problems).join(', '))
  })
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
