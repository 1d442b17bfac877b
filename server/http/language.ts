import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { LANGUAGES, type Language } from '../languages/languages.ts'

/** The preferred language of a browser (RFC 9110 §12.5.4). For pages only: responses to programs are always in English. */
export function languageOf({ headers }: Pick<FastifyRequest, 'headers'>): Language {
  const known = new Negotiator({ headers }).languages([...LANGUAGES])[0]
  return LANGUAGES.find((language) => language === known) ?? LANGUAGES[0]
}
