import { formatSize } from '../lib/format-size.ts'
import type { FieldProblem } from './problems.ts'

/** Sentences with placeholders for parameters. Pure, and used by the page. */

export type Parameters = Readonly<Record<string, string | number | readonly FieldProblem[]>>

/** `{problems}` takes a list, `{max:size}` a number of bytes, and any other placeholder a text or a number. */
type Value<Hole> = Hole extends 'problems' ? readonly FieldProblem[] : string | number

type HolesIn<Sentence> = Sentence extends `${string}{${infer Hole}}${infer Rest}` ? Hole | HolesIn<Rest> : never

/** The parameters of a sentence, by name. */
export type ParametersIn<Sentence> = {
  readonly [Hole in HolesIn<Sentence> as Hole extends `${infer Name}:size` ? Name : Hole]: Hole extends `${string}:size`
    ? number
    : Value<Hole>
}

const HOLE = /\{(\w+)(?::(size))?\}/g

/** `wordsFor` translates a parameter into the language of the sentence; sizes are the same in all languages. */
export function sentenceOf(
  sentence: string,
  parameters: Parameters,
  wordsFor: (name: string, value: Parameters[string]) => string = inEnglish,
): string {
  return sentence.replace(HOLE, (_, name: string, isSize?: string) => {
    const value = parameters[name] ?? ''
    return isSize ? formatSize(Number(value)) : wordsFor(name, value)
  })
}

const inEnglish = (_name: string, value: Parameters[string]): string =>
  Array.isArray(value) ? value.map(problemText).join('; ') : String(value)

const problemText = ({ field, message }: FieldProblem): string => (field === '' ? message : `${field}: ${message}`)
