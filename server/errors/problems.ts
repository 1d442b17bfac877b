/** Problems of single fields in the input. Pure. */

/** Problems that zod does not know: a schema passes the code to zod as its message. */
export const OWN_PROBLEMS = {
  nul_character: 'must not contain NUL characters',
  name_invalid: 'must be 1 to 100 letters, digits, spaces or _.:()-',
  step_target_invalid: 'must be next, quit_success, quit_failure or the number of a step',
  moment_invalid:
    'must be a date and time with its offset from UTC, as 2027-01-31T12:00:00Z, or milliseconds since 1970',
  moment_out_of_range: 'must be in the years 1970 to 9999',
} as const

export type OwnProblem = keyof typeof OWN_PROBLEMS

/** Problems that zod detects and describes itself. */
export type ZodProblem =
  | 'required'
  | 'not_text'
  | 'not_number'
  | 'not_whole'
  | 'not_boolean'
  | 'not_list'
  | 'wrong_type'
  | 'other_value'
  | 'not_one_of'
  | 'too_long'
  | 'too_many'
  | 'too_large'
  | 'too_short'
  | 'too_few'
  | 'too_small'
  | 'unknown_keys'
  | 'invalid'

export interface FieldProblem {
  /** Keys and positions from the outside in, such as `steps.0.name`; empty: the whole input. */
  field: string
  code: OwnProblem | ZodProblem
  /** `max`, `min`, `value`, or `names` separated by commas. */
  parameters: Readonly<Record<string, string | number>>
  /** In English. */
  message: string
}
