import { type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from './config/config.ts'

type Settings = Pick<Config, 'host' | 'port' | 'metricsPort' | 'dataDir' | 'database' | 'storage' | 's3Endpoint'>

/** Fields of errors from database drivers and Node. */
interface Failure extends Error {
  code?: string
  syscall?: string
  path?: string
  port?: number
}

/**
 * Explains in one line, without secrets, why the program can't start with these settings and how to fix it. Returns
 * undefined for errors whose stack says more.
 */
export function startProblem(error: unknown, settings: Settings): string | undefined {
  for (const failure of causesOf(error)) {
    const { code = '', syscall = '' } = failure
    if (syscall === 'listen' || syscall === 'bind') return listenProblem(failure, settings)
    if (FILE_CODES.has(code) && !FROM_NETWORK.has(syscall)) return fileProblem(failure, settings)
    if (code.startsWith('SQLITE_')) return sqliteProblem(failure, settings)
    if (settings.database.kind === 'postgres' && isFromPostgres(failure))
      return postgresProblem(failure, settings.database.url)
  }
  return undefined
}

/** The error and its causes: an AppError keeps the driver's error as its cause. */
function* causesOf(error: unknown): Generator<Failure> {
  for (let current = error; current instanceof Error; current = current.cause) yield current
}

const FILE_CODES = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOSPC', 'EDQUOT'])
const FROM_NETWORK = new Set(['connect', 'getaddrinfo'])

function listenProblem({ code, message, port }: Failure, { host, port: pagePort, metricsPort }: Settings): string {
  const isMetrics = port !== undefined && port !== pagePort && port === metricsPort
  const setting = isMetrics ? 'MAYFLY_METRICS_PORT' : 'MAYFLY_PORT'
  const where = `${host}:${port ?? pagePort}`
  if (code === 'EADDRINUSE')
    return `${where} is in use: stop the program that listens there, or set ${setting} to another port`
  if (code === 'EACCES') return `${userText()} may not listen on ${where}: set ${setting} to a port above 1023`
  if (code === 'EADDRNOTAVAIL')
    return `${host} is not an address of this machine: set MAYFLY_HOST to one that is, or to 0.0.0.0`
  return `can't listen on ${where}: ${message}; check MAYFLY_HOST and ${setting}`
}

function fileProblem({ code = '', path }: Failure, { dataDir, database }: Settings): string {
  const file = path ?? (database.kind === 'sqlite' ? resolve(dataDir, database.file) : resolve(dataDir))
  if (code === 'ENOSPC' || code === 'EDQUOT') return `there is no space left for ${file}`
  if (code === 'EROFS') return `${file} is on a file system that is read-only: ${SET_FOLDER}`
  const [existing, stats] = nearestExisting(file)
  if (!stats || code === 'ENOTDIR' || code === 'ENOENT')
    return `can't create ${file}: ${existing} is not a folder; ${SET_FOLDER}`
  return `${userText()} may not write ${file}: ${existing} belongs to uid ${stats.uid} (mode ${modeText(stats)}); ${remedy(stats, existing)}`
}

const SET_FOLDER = 'set MAYFLY_DATA_DIR to a folder that can be written'

/** Changing the owner of the folder alone would leave the files of another user unreadable. */
function remedy({ uid }: Stats, path: string): string {
  const own = process.geteuid?.()
  return uid === own ? `\`chmod -R u+rwX ${path}\`` : `run as uid ${uid}, \`chown -R ${own} ${path}\`, or ${SET_FOLDER}`
}

const modeText = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(4, '0')

const userText = (): string => `uid ${process.geteuid?.() ?? 'of this process'}`

/** The path itself, or its nearest parent folder that exists and is accessible. */
export function nearestExisting(path: string): [path: string, stats: Stats | undefined] {
  const stats = statOf(path)
  return stats || path === dirname(path) ? [path, stats] : nearestExisting(dirname(path))
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function sqliteProblem(failure: Failure, settings: Settings): string {
  const { code, message } = failure
  const file = settings.database.kind === 'sqlite' ? resolve(settings.dataDir, settings.database.file) : ''
  if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT'))
    return `the database ${file} is damaged or not an SQLite database; it was not changed: restore a backup (\`mayfly restore FILE\`)`
  if (code === 'SQLITE_CANTOPEN' || code?.startsWith('SQLITE_READONLY'))
    return fileProblem({ ...failure, code: 'EACCES' }, settings)
  return `the database ${file} can't be used: ${message}`
}

/** SQLSTATEs of a wrong password, role or database, and network errors. */
const POSTGRES_CODES = new Map([
  ['28P01', 'refuses the password'],
  ['28000', 'refuses this user or connections without TLS'],
  ['3D000', 'has no such database'],
  ['42501', 'does not allow this user to create tables'],
  ['ECONNREFUSED', 'refuses the connection'],
  ['ENOTFOUND', 'was not found: no such host'],
  ['EAI_AGAIN', 'cannot be resolved'],
])

const isFromPostgres = ({ code = '', message }: Failure): boolean =>
  POSTGRES_CODES.has(code) || FROM_NETWORK.has(code) || /timeout|terminated|SSL/i.test(message)

function postgresProblem({ code = '', message }: Failure, url: string): string {
  const { host, pathname } = new URL(url)
  return `the PostgreSQL server ${host} ${POSTGRES_CODES.get(code) ?? `can't be used: ${message}`}; check MAYFLY_DATABASE_URL (database "${pathname.slice(1)}")`
}
