import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Processes started by the benchmark, and their figures from Linux. Each is ended by its id in every case. */

export interface Process {
  pid: number
  /** Ends it with SIGTERM; resolves when it has exited. */
  stop: () => Promise<void>
  /** All that it wrote. */
  output: () => string
  exited: Promise<unknown>
}

const running = new Map<ChildProcess, Process>()

/** SIGTERM and not SIGKILL: a killed nginx would leave its workers behind. */
process.on('exit', () => {
  for (const child of running.keys()) child.kill('SIGTERM')
})

export async function stopAll(): Promise<void> {
  await Promise.allSettled([...running.values()].map(({ stop }) => stop()))
}

export function startProcess(command: string, args: string[], settings: NodeJS.ProcessEnv = {}): Process {
  const env = { ...withoutOurs(process.env), ...settings }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  child.on('error', () => {}) // no such program: `exited` says so, and whoever waits for it to answer
  const written: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => written.push(chunk))
  const exited = once(child, 'close').finally(() => running.delete(child))
  exited.catch(() => {})
  const stop = async () => {
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await exited.finally(() => clearTimeout(kill))
  }
  const started = { pid: child.pid ?? 0, stop, output: () => Buffer.concat(written).toString(), exited }
  running.set(child, started)
  return started
}

/** Environment variables of the caller must not change what is measured. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(MAYFLY|PLIKD)_|^NODE_(ENV|OPTIONS)$/.test(name)),
  )
}

/** A process and its children, such as nginx and its workers. */
export function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** CPU seconds that the process and its children have used, in user and kernel mode, on all threads (proc(5)). */
export function cpuSeconds(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + cpuTicks(member), 0) / TICKS_PER_SECOND
}

function cpuTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // from field 3 on: a name may hold blanks
  return Number(fields[11]) + Number(fields[12])
}

/** Memory in MiB: what it has now, and the most it has had since `forgetPeak`. */
export function memoryMiB(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024
  return { now: read('VmRSS'), peak: read('VmHWM') }
}

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
