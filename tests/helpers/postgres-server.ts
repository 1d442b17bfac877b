import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const DEBIAN_FOLDER = '/usr/lib/postgresql'

/** The folder of `initdb` and `pg_ctl`, newest version first. */
function findPostgres(): string | undefined {
  if (!existsSync(DEBIAN_FOLDER)) return undefined
  const versions = readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a))
  return versions
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')))
}

export interface PostgresServer {
  url: string
  stop: () => void
  /** Stops as in a crash, without finishing running queries. Down until `start`. */
  crash: () => Promise<unknown>
  start: () => Promise<unknown>
  /** It keeps its connections and takes new ones, and answers nothing until `thaw`. */
  freeze: () => void
  thaw: () => void
}

/** A PostgreSQL of our own, up in a second. Nothing outlives the tests, but `isDurable` keeps commits over a `crash`. */
export async function startPostgres({ isDurable = false } = {}): Promise<PostgresServer> {
  const bin = findPostgres()
  if (!bin) throw new Error('PostgreSQL is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-postgres-'))
  const data = join(folder, 'data')
  const isRoot = process.getuid?.() === 0
  if (isRoot) execFileSync('chown', ['postgres', folder])
  const call = (program: string, args: string[]): [string, string[]] => {
    const command = join(bin, program)
    const user = ['--reuid=postgres', '--regid=postgres', '--clear-groups', command]
    return isRoot ? ['setpriv', [...user, ...args]] : [command, args]
  }
  const run = (program: string, ...args: string[]) =>
    execFileSync(...call(program, args), { stdio: 'ignore', cwd: folder })
  const runMeanwhile = (program: string, ...args: string[]) =>
    promisify(execFile)(...call(program, args), { cwd: folder })
  const port = await freePort()
  const settings = [
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300`,
    '-c fsync=off -c full_page_writes=off',
    isDurable ? '' : '-c synchronous_commit=off',
  ]
  const start = ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings.join(' '), 'start']
  run('initdb', '-D', data, '-U', 'app', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync')
  run('pg_ctl', ...start)
  return {
    url: `postgres://app@127.0.0.1:${port}`,
    crash: () => runMeanwhile('pg_ctl', '-D', data, '-m', 'immediate', 'stop'),
    start: () => runMeanwhile('pg_ctl', ...start),
    freeze: () => signalAll(data, 'SIGSTOP'),
    thaw: () => signalAll(data, 'SIGCONT'),
    stop: () => {
      if (existsSync(join(data, 'postmaster.pid'))) run('pg_ctl', '-D', data, '-m', 'immediate', 'stop')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The server and its children, of which each serves a connection. */
function signalAll(data: string, signal: NodeJS.Signals): void {
  const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10)
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  for (const one of [pid, ...children.map(Number)]) process.kill(one, signal)
}

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
