import { getSystemErrorMap } from 'node:util'
import { CommanderError } from 'commander'
import { MayflyError } from '../src/errors.ts'

/** Error messages and exit codes. */

/** The command line is invalid, so nothing was done. */
export class UsageError extends Error {}

/** A signal or Ctrl-C ended the program. */
export class Interruption extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('interrupted; the same command continues')
    this.exitCode = exitCode
  }
}

/**
 * 0: success; 1: failure; 2: invalid command line; 3: no connection, or it was lost too often: the same command resumes
 * later; 130 and 143: ended by SIGINT and SIGTERM, as in shells.
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError) return 2
  if (error instanceof Interruption) return error.exitCode
  if (!(error instanceof MayflyError)) return 1
  if (['bad_option', 'bad_link'].includes(error.code)) return 2
  return ['network', 'stalled', 'proxy'].includes(error.code) ? 3 : 1
}

export function messageOf(error: unknown): string {
  if (error instanceof MayflyError) return error.detail
  const { errno, path, message } = error as NodeJS.ErrnoException
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]
  return words === undefined ? message : `${path ?? ''}: ${words}`
}
