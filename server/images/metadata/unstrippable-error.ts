/**
 * - `truncated`: the file ends before its image does
 * - `malformed`: it breaks a rule of its format
 * - `unsupported`: it may be well formed, but holds something of which we can't tell whether the pixels need it
 */
export type UnstrippableReason = 'truncated' | 'malformed' | 'unsupported'

/** The file can't be separated into metadata and pixels. Output written before is invalid: use the original. */
export class UnstrippableError extends Error {
  readonly reason: UnstrippableReason

  constructor(reason: UnstrippableReason, message: string) {
    super(message)
    this.name = 'UnstrippableError'
    this.reason = reason
  }
}

export const malformed = (message: string): UnstrippableError => new UnstrippableError('malformed', message)
export const unsupported = (message: string): UnstrippableError => new UnstrippableError('unsupported', message)
