import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { ReadStream } from 'node:tty'
import { Interruption, UsageError } from './failure.ts'

/** Reads passwords from the terminal, a file or the environment, not from the command line, which all users can read. */

export interface PasswordOptions {
  /** Ask for it. */
  password?: boolean
  passwordFile?: string
}

/** Undefined if no password option is set. */
export async function passwordOf({ password, passwordFile }: PasswordOptions): Promise<string | undefined> {
  if (passwordFile !== undefined) return (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '')
  if (process.env.MAYFLYSEND_PASSWORD) return process.env.MAYFLYSEND_PASSWORD
  return password ? ask('Password: ') : undefined
}

/** Reads a new password; one typed in the terminal is asked for twice. */
export async function newPasswordOf(options: PasswordOptions): Promise<string | undefined> {
  const { password: isAsked, ...others } = options
  const given = await passwordOf(others)
  if (given !== undefined || !isAsked) return given
  const chosen = await ask('Password: ')
  if ((await ask('Once more: ')) !== chosen) throw new UsageError('the two passwords are not the same')
  return chosen
}

/** Reads from the keyboard, even if standard input is a pipe. Rejects with `UsageError` if there is no terminal. */
export async function ask(question: string): Promise<string> {
  const input = keyboard()
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: silent, terminal: true })
  process.stderr.write(question)
  try {
    return await new Promise((resolve, reject) => {
      lines.question('', resolve)
      lines.on('SIGINT', () => reject(new Interruption(130)))
      lines.on('close', () => reject(new Interruption(130)))
    })
  } finally {
    lines.close()
    if (input !== process.stdin) input.destroy()
    process.stderr.write('\n')
  }
}

export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

function keyboard(): ReadStream {
  if (process.stdin.isTTY) return process.stdin
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    throw new UsageError('there is no terminal to ask for the password: use --password-file or MAYFLYSEND_PASSWORD')
  }
}
