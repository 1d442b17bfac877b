import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, freePort, type Process, startProcess } from './processes.ts'

/** The servers that are measured, each on a free port and in a fresh folder. */

export type TargetName = 'mayfly' | 'mayfly-process' | 'mayfly-workers' | 'node' | 'nginx' | 'plikd'

export interface Target {
  name: TargetName
  port: number
  pid: number
  /** Where it keeps bytes. */
  folder: string
  /** From its start to its first answer. */
  readyMs: number
  /** CPU seconds until then. */
  readyCpu: number
  stop: () => Promise<void>
}

export interface StartOptions {
  folder: string
  /** For Mayfly, without `MAYFLY_`. */
  settings?: Record<string, string>
  /** A folder for a CPU profile of Mayfly, written when it stops. */
  profileTo?: string | undefined
}

interface Command {
  command: string
  args: string[]
  environment?: Record<string, string>
}

const NGINX = '/usr/sbin/nginx'
const ROOT = resolve(import.meta.dirname, '../..')
const START_TIMEOUT_MS = 30_000

/** Of `names`, those that are installed here. */
export function available(names: readonly TargetName[]): TargetName[] {
  const isThere = { nginx: existsSync(NGINX), plikd: process.env.PLIKD !== undefined }
  return names.filter((name) => (name === 'nginx' || name === 'plikd' ? isThere[name] : true))
}

/** nginx has no forms, Plik no raw bodies. */
export const takesForms = (name: TargetName): boolean => name !== 'nginx'
export const takesPuts = (name: TargetName): boolean => name !== 'plikd'

export async function startTarget(name: TargetName, options: StartOptions): Promise<Target> {
  mkdirSync(options.folder, { recursive: true })
  const port = await freePort()
  const { command, args, environment } = COMMANDS[name](port, options)
  const startedAt = performance.now()
  const server = startProcess(command, args, environment)
  await untilItAnswers(name, port, server)
  const readyMs = performance.now() - startedAt
  const readyCpu = cpuSeconds(server.pid)
  return { name, port, pid: server.pid, folder: options.folder, readyMs, readyCpu, stop: server.stop }
}

const COMMANDS: Record<TargetName, (port: number, options: StartOptions) => Command> = {
  mayfly: mayflyCommand,
  'mayfly-process': (port, options) =>
    mayflyCommand(port, { ...options, settings: { DURABILITY: 'process', ...options.settings } }),
  'mayfly-workers': (port, options) =>
    mayflyCommand(port, { ...options, settings: { WORKERS: '2', ...options.settings } }),
  node: nodeCommand,
  nginx: nginxCommand,
  plikd: plikdCommand,
}

/** As `npm start` has it. */
const ENVIRONMENT = {
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node'),
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
}

/**
 * Everything as it comes, but: no rate limit, since one address sends all there is, and only warnings in the log, which
 * the others don't write either.
 */
function mayflyCommand(port: number, { folder, settings = {}, profileTo }: StartOptions): Command {
  const all = { PORT: `${port}`, DATA_DIR: folder, RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...settings }
  const mayfly = Object.fromEntries(Object.entries(all).map(([key, value]) => [`MAYFLY_${key}`, value]))
  const profile = profileTo ? ['--cpu-prof', `--cpu-prof-dir=${profileTo}`, '--cpu-prof-interval=500'] : []
  return {
    command: process.execPath,
    args: ['--max-semi-space-size=4', ...profile, join(ROOT, 'server/dist/main.js')],
    environment: { ...ENVIRONMENT, ...mayfly },
  }
}

function nodeCommand(port: number, { folder }: StartOptions): Command {
  return { command: process.execPath, args: [join(import.meta.dirname, 'reference-server.ts'), `${port}`, folder] }
}

/**
 * Static files by sendfile, and WebDAV's PUT where it is compiled in, as Debian does. nginx syncs nothing to disk.
 * No `tcp_nopush`: over loopback it makes the last piece of a range wait 44 ms for an acknowledgement.
 */
function nginxCommand(port: number, { folder }: StartOptions): Command {
  for (const name of ['www', 'tmp']) mkdirSync(join(folder, name), { recursive: true })
  const config = `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off; worker_processes auto; worker_rlimit_nofile 8192; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 4096; }
    http {
      access_log off; sendfile on; default_type application/octet-stream;
      keepalive_requests 100000000; keepalive_timeout 600s;
      client_max_body_size 0; client_body_buffer_size 1m; client_body_temp_path ${folder}/tmp;
      proxy_temp_path ${folder}/tmp; fastcgi_temp_path ${folder}/tmp; uwsgi_temp_path ${folder}/tmp; scgi_temp_path ${folder}/tmp;
      server { listen 127.0.0.1:${port} backlog=4096; root ${folder}/www; dav_methods PUT DELETE; }
    }`
  writeFileSync(join(folder, 'nginx.conf'), config)
  return { command: NGINX, args: ['-p', folder, '-c', join(folder, 'nginx.conf')] }
}

/** Plik's server, when PLIKD names its binary. */
function plikdCommand(port: number, { folder }: StartOptions): Command {
  const config = `
    LogLevel = "WARNING"
    ListenAddress = "127.0.0.1"
    ListenPort = ${port}
    NoWebInterface = true
    MaxFileSizeStr = "unlimited"
    MaxFilePerUpload = 10000
    DataBackend = "file"
    [DataBackendConfig]
    Directory = "${folder}/files"
    [MetadataBackendConfig]
    Driver = "sqlite3"
    ConnectionString = "${folder}/plik.db"
  `
  writeFileSync(join(folder, 'plikd.cfg'), config)
  return { command: process.env.PLIKD ?? 'plikd', args: ['--config', join(folder, 'plikd.cfg')] }
}

async function untilItAnswers(name: TargetName, port: number, server: Process): Promise<void> {
  let hasExited = false
  server.exited.then(
    () => (hasExited = true),
    () => (hasExited = true),
  )
  const deadline = performance.now() + START_TIMEOUT_MS
  while (!hasExited && performance.now() < deadline) {
    if (await answers(port, name === 'nginx' ? '/' : '/health')) return
    await sleep(2)
  }
  await server.stop().catch(() => {})
  throw new Error(`${name} did not start: ${server.output()}`)
}

/** nginx answers its empty folder with 403, which is as good as any. */
function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ port, path, agent: false, host: '127.0.0.1' }, (response) => {
      response.resume().on('end', () => resolve((response.statusCode ?? 500) < 500))
    })
      .on('error', () => resolve(false))
      .end()
  })
}
