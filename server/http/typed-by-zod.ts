import type { FastifyInstance } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import type { FieldProblem } from '../errors/problems.ts'
import { AppError } from '../lib/errors.ts'
import { problemsOf, WITH_INPUT } from '../lib/shapes.ts'
import { acceptAnyBody, BYTES_WITH_COMMENTS, readText } from './json-body.ts'

/**
 * A scope whose routes declare their input and output with zod: both are validated, typed and described in
 * `/openapi.json`. Bodies are parsed as JSON whatever their `Content-Type`, since `curl -d` sends the type of forms.
 */
export function typedByZod(scope: FastifyInstance) {
  acceptAnyBody(scope)
  scope.addHook('preValidation', async (request) => {
    if (request.routeOptions.schema?.body !== undefined && request.body === undefined)
      request.body = parse(await readText(request, { maxBytes: BYTES_WITH_COMMENTS }))
  })
  scope.setValidatorCompiler<z.ZodType>(({ schema, httpPart = '' }) => (data) => {
    const { data: value, error } = schema.safeParse(data, WITH_INPUT)
    return error ? { error: fieldsInvalid(httpPart, problemsOf(error)) } : { value }
  })
  scope.setSerializerCompiler(serializerCompiler)
  return scope.withTypeProvider<ZodTypeProvider>()
}

function parse(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('body_not_json', {}, { cause })
  }
}

/** The English message has Fastify's wording, which also names the part of the request. */
function fieldsInvalid(part: string, problems: FieldProblem[]): AppError {
  const texts = problems.map(({ field, message }) => `${part}/${field.replaceAll('.', '/')} ${message}`)
  return new AppError('fields_invalid', { problems }, { message: texts.join(', ') })
}
