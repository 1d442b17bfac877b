import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'

/** `mayfly-send` as a process, in a home of its own. */

const PROGRAM = resolve(import.meta.dirname, '../../client/terminal/mayfly-send.ts')

export interface Ended {
  code: number | null
  output: string
  errors: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
}

export interface Terminal {
  start(args: readonly string[], options?: { input?: string; prefix?: readonly string[] }): Running
  run(args: readonly string[], options?: { input?: string; prefix?: readonly string[] }): Promise<Ended>
  /** What is noted of uploads that were begun. */
  unfinished(): { uploadId: string; files: { url?: string }[] }[]
}

/** `variables`: of the environment, besides. */
export function terminal(variables: Record<string, string>): Terminal {
  const home = temporaryFolder()
  const { MAYFLYSEND_SERVER, MAYFLYSEND_TOKEN, MAYFLYSEND_PASSWORD, XDG_CONFIG_HOME, ...inherited } = process.env
  const env = { ...inherited, HOME: home, XDG_STATE_HOME: join(home, 'state'), ...variables }

  function start(
    args: readonly string[],
    { input = '', prefix = [] }: { input?: string; prefix?: readonly string[] } = {},
  ) {
    const [program = '', ...rest] = [...prefix, process.execPath, PROGRAM, ...args]
    const child = spawn(program, rest, { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdin.end(input)
    const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    return { child, ended: ended.then(([[code], output, errors]) => ({ code: code as number | null, output, errors })) }
  }

  function unfinished() {
    const folder = join(home, 'state/mayfly-client/unfinished')
    try {
      const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
      return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    } catch {
      return []
    }
  }

  return { start, run: (args, options) => start(args, options).ended, unfinished }
}

/** The command as one word, on a terminal of its own (`script`), which writes what is shown to its standard output. */
export const onTerminal = (args: readonly string[]): readonly string[] => [
  'script',
  '--quiet',
  '--flush',
  '--return',
  '--command',
  [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' '),
  '/dev/null',
]
