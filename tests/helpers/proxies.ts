import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { temporaryFolder } from './database.ts'
import { freePort } from './postgres-server.ts'
import { type Program, pathOf } from './programs.ts'

/** The real reverse proxies, as Debian ships them, each on a free port and ended with the test. */

interface NginxOptions {
  /** A path of its own, which it takes off: `/share`. */
  path?: string
  /** Over TLS, with a certificate of its own. */
  http2?: boolean
  /** More lines for the location. */
  location?: string
  /** More locations. */
  locations?: string
}

export async function startNginx(
  server: string,
  { path = '', http2 = false, location = '', locations = '' }: NginxOptions = {},
) {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'tmp'))
  if (http2)
    execFileSync(
      'openssl',
      'req -x509 -newkey rsa:2048 -noenc -subj /CN=localhost -keyout key.pem -out certificate.pem'.split(' '),
      {
        cwd: folder,
        stdio: 'ignore',
      },
    )
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/tmp;`,
  )
  const url = await started('nginx', path, (port) => {
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root;' : ''}
      daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
      events {}
      http {
        access_log off; ${temporary.join(' ')}
        server {
          listen 127.0.0.1:${port}${http2 ? ` ssl http2; ssl_certificate ${folder}/certificate.pem; ssl_certificate_key ${folder}/key.pem` : ''};
          client_max_body_size 100m;
          location ${path}/ { proxy_pass ${server}/; ${location} }
          ${locations}
        }
      }`,
    )
    return ['-p', folder, '-c', join(folder, 'nginx.conf')]
  })
  return http2 ? url.replace('http:', 'https:') : url
}

export const startHaproxy = (server: string): Promise<string> =>
  started('haproxy', '', (port) => {
    const file = join(temporaryFolder(), 'haproxy.cfg')
    writeFileSync(
      file,
      `defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen all
  bind 127.0.0.1:${port}
  server one ${new URL(server).host}
`,
    )
    return ['-f', file, '-db']
  })

export const startVarnish = (server: string): Promise<string> =>
  started('varnish', '', (port) => [
    ...['-F', '-n', temporaryFolder(), '-j', 'none', '-s', 'malloc,20m'],
    ...['-a', `127.0.0.1:${port}`, '-b', new URL(server).host],
  ])

export const startApache = (server: string): Promise<string> =>
  started('apache', '', (port) => {
    const folder = temporaryFolder()
    const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'].map(
      (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`,
    )
    writeFileSync(
      join(folder, 'apache.conf'),
      `${modules.join('')}
Listen 127.0.0.1:${port}
ServerName localhost
PidFile ${folder}/pid
Mutex file:${folder}
ErrorLog ${folder}/error.log
AllowEncodedSlashes NoDecode
ProxyPass / ${server}/
`,
    )
    return ['-f', join(folder, 'apache.conf'), '-DFOREGROUND']
  })

export const startCaddy = (server: string): Promise<string> =>
  started('caddy', '', (port) => {
    const file = join(temporaryFolder(), 'Caddyfile')
    writeFileSync(
      file,
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy ${new URL(server).host}
}
`,
    )
    return ['run', '--adapter', 'caddyfile', '--config', file]
  })

/** Starts the program with the arguments for a free port; resolves with its URL once it listens. */
async function started(name: Program, path: string, argumentsFor: (port: number) => string[]): Promise<string> {
  const port = await freePort()
  const child = spawn(pathOf(name), argumentsFor(port), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      output += text
    })
  onTestFinished(() => void child.kill('SIGTERM'))
  await vi
    .waitUntil(() => isListening(port), { timeout: 10_000 })
    .catch((cause) => {
      throw new Error(`${name} did not start\n${output}`, { cause })
    })
  return `http://127.0.0.1:${port}${path}`
}

/** Asks for nothing: a proxy may speak HTTP/2 only, and its server may come later. */
const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
