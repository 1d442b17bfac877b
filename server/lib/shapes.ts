import { z } from 'zod'
import { type FieldProblem, OWN_PROBLEMS, type OwnProblem } from '../errors/problems.ts'
import { AppError } from './errors.ts'

/** Building blocks for parsing JSON: every part is limited in size before it is examined. Pure. */

/** The number of problems that one error lists. */
const MAX_PROBLEMS = 10
const MAX_PROBLEM_LENGTH = 200

/** Throws `fields_invalid` with a list of problems. `unnamed`: the name for a problem of the whole. */
export function parsed<Shape extends z.ZodType>(shape: Shape, input: unknown, unnamed?: string): z.output<Shape> {
  const { success, data, error } = shape.safeParse(input, WITH_INPUT)
  if (success) return data
  throw new AppError('fields_invalid', { problems: problemsOf(error, unnamed) })
}

/** Otherwise zod's issues do not show whether there was a value. */
export const WITH_INPUT = { reportInput: true }

/** At most ten problems, each of limited length. */
export const problemsOf = ({ issues }: z.ZodError, unnamed = ''): FieldProblem[] =>
  issues
    .flatMap(deepest)
    .slice(0, MAX_PROBLEMS)
    .map((issue) => {
      const field = issue.path.join('.') || unnamed
      const [code, parameters] = findingOf(issue)
      const words = Object.hasOwn(OWN_PROBLEMS, code) ? OWN_PROBLEMS[code as OwnProblem] : issue.message
      return { field, code, parameters, message: shortened(words, MAX_PROBLEM_LENGTH - `${field}: `.length) }
    })

type Finding = [code: FieldProblem['code'], parameters: FieldProblem['parameters']]

const CODES_OF_TYPES: Readonly<Record<string, FieldProblem['code']>> = {
  string: 'not_text',
  number: 'not_number',
  int: 'not_whole',
  boolean: 'not_boolean',
  array: 'not_list',
}
const CODES_OF_SIZES: Readonly<Record<string, Readonly<Record<'too_big' | 'too_small', FieldProblem['code']>>>> = {
  string: { too_big: 'too_long', too_small: 'too_short' },
  array: { too_big: 'too_many', too_small: 'too_few' },
  number: { too_big: 'too_large', too_small: 'too_small' },
}

function findingOf(issue: z.core.$ZodIssue): Finding {
  if (Object.hasOwn(OWN_PROBLEMS, issue.message)) return [issue.message as OwnProblem, {}]
  if (issue.code === 'invalid_type')
    return [issue.input === undefined ? 'required' : (CODES_OF_TYPES[issue.expected] ?? 'wrong_type'), {}]
  if (issue.code === 'too_big')
    return [CODES_OF_SIZES[issue.origin]?.too_big ?? 'too_large', { max: Number(issue.maximum) }]
  if (issue.code === 'too_small')
    return [CODES_OF_SIZES[issue.origin]?.too_small ?? 'too_small', { min: Number(issue.minimum) }]
  if (issue.code === 'unrecognized_keys')
    return ['unknown_keys', { names: shortened(issue.keys.join(', '), MAX_PROBLEM_LENGTH) }]
  if (issue.code !== 'invalid_value') return ['invalid', {}]
  const names = issue.values.join(', ')
  return issue.values.length === 1 ? ['other_value', { value: names }] : ['not_one_of', { names }]
}

const shortened = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, Math.max(0, max)).toWellFormed()}…` : text

/**
 * If a value may have several shapes, reports the problem of the one that it matches best, unless the union has its own
 * message.
 */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return [issue]
  const depthOf = (issues: z.core.$ZodIssue[]): number => Math.max(...issues.map(({ path }) => path.length))
  const [closest] = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))
  return closest?.map((one) => ({ ...one, path: [...issue.path, ...one.path] })) ?? [issue]
}

/** A text, undefined or `null`. Half of a surrogate pair becomes U+FFFD, as in Go; no database stores it. */
export const optionalText = z
  .string()
  .overwrite((text) => text.toWellFormed())
  .nullish()
  .transform((value) => value ?? undefined)

/** A text of up to `max` characters that both databases can store. */
export const storedText = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, 'nul_character' satisfies OwnProblem)
    .overwrite((text) => text.toWellFormed())

/**
 * An object with keys in any case, as in Go: of several spellings the last one counts, unknown keys are ignored. `shape`
 * has its keys in lower case.
 */
export const caseless = <Shape extends z.ZodRawShape>(shape: Shape) => {
  const isKnown = (key: string): boolean => Object.hasOwn(shape, key)
  const pick = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const lowered = Object.entries(value).map(([key, inner]): [string, unknown] => [key.toLowerCase(), inner])
    return Object.fromEntries(lowered.filter(([key]) => isKnown(key)))
  }
  return z.preprocess(pick, z.object(shape))
}

/**
 * An array of which at most the first `max` elements are parsed, and none after the tenth problem: each costs
 * microseconds, and there may be tens of thousands. The caller checks whether there are too many.
 */
export const listOf = <Element extends z.ZodType>(element: Element, max = Number.POSITIVE_INFINITY) =>
  z.array(z.unknown()).transform((values, context) => {
    const checked: z.output<Element>[] = []
    for (const [index, value] of values.slice(0, max).entries()) {
      const { data, error } = element.safeParse(value, WITH_INPUT)
      if (!error) checked.push(data)
      else for (const issue of error.issues) context.issues.push({ ...issue, path: [index, ...issue.path] } as never)
      if (context.issues.length >= MAX_PROBLEMS) break
    }
    return checked
  })

/** An array that is rejected before its elements are parsed if it has more than `max`. */
export const shortListOf = <Element extends z.ZodType>(element: Element, max: number, min = 0) => {
  const refuseLong = (value: unknown, context: z.RefinementCtx): unknown => {
    if (!Array.isArray(value) || value.length <= max) return value
    context.addIssue({ code: 'too_big', origin: 'array', maximum: max, inclusive: true, input: value })
    return z.NEVER
  }
  return z.preprocess(refuseLong, z.array(element).min(min)) as unknown as z.ZodType<
    z.output<Element>[],
    z.input<Element>[]
  >
}
