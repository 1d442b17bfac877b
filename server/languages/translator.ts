import type { ErrorId } from '../errors/catalogue.ts'
import type { Topic } from '../errors/kinds.ts'
import type { FieldProblem } from '../errors/problems.ts'
import { type Parameters, sentenceOf } from '../errors/sentence.ts'

/** Translates errors by their ids. Pure, and used by the page. */

/** The sentences of a topic, with the same parameters. */
export type Translation<Errors extends Topic> = Readonly<Record<keyof Errors, string>>

export interface Catalogue {
  errors: Readonly<Record<ErrorId, string>>
  /** Problems of single fields. */
  problems: Readonly<Record<FieldProblem['code'], string>>
  /** Names of fields, which precede their problem. */
  fields: Readonly<Record<string, string>>
  /** States of files. */
  statuses: Readonly<Record<string, string>>
}

export type Translate = (id: string, parameters: Parameters) => string | undefined

/** Returns undefined for an unknown id, for example of a newer server. */
export function createTranslator({ errors, problems, fields, statuses }: Catalogue): Translate {
  const sentences: ReadonlyMap<string, string> = new Map(Object.entries(errors))

  function translate(id: string, parameters: Parameters): string | undefined {
    const sentence = sentences.get(id)
    return sentence === undefined ? undefined : sentenceOf(sentence, parameters, wordsFor)
  }

  function wordsFor(name: string, value: Parameters[string]): string {
    if (typeof value === 'object') return value.map(problemText).join('；')
    if (name === 'field') return fieldName(String(value))
    return name === 'status' ? (statuses[value] ?? String(value)) : String(value)
  }

  function problemText({ field, code, parameters, message }: FieldProblem): string {
    const text = problems[code] === undefined ? message : sentenceOf(problems[code], parameters)
    return field === '' ? text : `${fieldName(field)}：${text}`
  }

  /** `steps.0.name`: shown with numbers from one. */
  const fieldName = (path: string): string =>
    path
      .split('.')
      .map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : (fields[part] ?? part)))
      .join(' ')

  return translate
}
