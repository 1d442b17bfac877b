import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../../server/dist/mayfly.js', import.meta.url))

export interface Ended {
  code: number | null
  output: string
  errors: string
}

/**
 * `mayfly ARGS` as a process of its own; settings without `MAYFLY_`; `prefix` are words in front of the command, which have to
 * become it (`exec`). Killed at the end of the test.
 */
export function startCommand(
  args: string[],
  settings: Record<string, string>,
  prefix: readonly string[] = [],
): { child: ChildProcess; ended: Promise<Ended> } {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MAYFLY_') && name !== 'NODE_ENV')
  const given = Object.entries(settings).map(([name, value]) => [`MAYFLY_${name}`, value])
  const [command = '', ...rest] = [...prefix, process.execPath, PROGRAM, ...args]
  const child = spawn(command, rest, {
    env: Object.fromEntries([...inherited, ...given]),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  return { child, ended: ended.then(([[code], output, errors]) => ({ code: code as number | null, output, errors })) }
}

export const runCommand = (
  args: string[],
  settings: Record<string, string>,
  prefix: readonly string[] = [],
): Promise<Ended> => startCommand(args, settings, prefix).ended
