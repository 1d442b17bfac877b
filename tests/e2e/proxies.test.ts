import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled, type Program } from '../helpers/programs.ts'
import { startApache, startCaddy, startHaproxy, startNginx, startVarnish } from '../helpers/proxies.ts'
import { sharedServer } from '../helpers/spawn-server.ts'

/** The real curl through the real proxies: each treats an interim answer (1xx) in its own way. */

const MIB = 1024 * 1024
const UNBUFFERED = 'proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off;'

const server = sharedServer()

const run = async (command: string, args: string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { maxBuffer: 64 * MIB })).stdout

const curl = (args: string[]): Promise<string> => run('curl', ['-sS', '--max-time', '20', ...args])

function givenBytes(name = 'big.bin') {
  const path = join(temporaryFolder(), name)
  const bytes = randomBytes(1.5 * MIB)
  writeFileSync(path, bytes)
  return { path, bytes }
}

async function stored(link: string): Promise<Buffer> {
  const response = await fetch(server.url() + new URL(link.trim()).pathname)
  return Buffer.from(await response.arrayBuffer())
}

interface Setup {
  proxy: Program | undefined
  start: () => Promise<string>
  options?: string[]
}

const HTTP2 = ['--http2', '--insecure']

const SETUPS: [string, Setup][] = [
  ['no proxy', { proxy: undefined, start: async () => server.url() }],
  ['no proxy, with HTTP/1.0', { proxy: undefined, start: async () => server.url(), options: ['--http1.0'] }],
  ['nginx', { proxy: 'nginx', start: () => startNginx(server.url()) }],
  ['nginx, with HTTP/1.0', { proxy: 'nginx', start: () => startNginx(server.url()), options: ['--http1.0'] }],
  ['nginx that does not buffer', { proxy: 'nginx', start: () => startNginx(server.url(), { location: UNBUFFERED }) }],
  [
    'nginx with HTTP/2',
    {
      proxy: 'nginx',
      start: () => startNginx(server.url(), { http2: true, location: 'proxy_http_version 1.1;' }),
      options: HTTP2,
    },
  ],
  [
    'nginx with HTTP/2 that does not buffer',
    { proxy: 'nginx', start: () => startNginx(server.url(), { http2: true, location: UNBUFFERED }), options: HTTP2 },
  ],
  ['Varnish', { proxy: 'varnish', start: () => startVarnish(server.url()) }],
  ['HAProxy', { proxy: 'haproxy', start: () => startHaproxy(server.url()) }],
  ['Apache', { proxy: 'apache', start: () => startApache(server.url()) }],
  ['Caddy', { proxy: 'caddy', start: () => startCaddy(server.url()) }],
]

describe.each(SETUPS)('behind %s', (_, { proxy, start, options = [] }) => {
  test.skipIf(proxy !== undefined && !isInstalled(proxy))(
    'two files that one curl uploads are each answered with their link, and so is a piped one',
    async () => {
      const url = await start()
      const [one, two] = [givenBytes('one.bin'), givenBytes('two.bin')]
      const piped = `curl -sS --max-time 20 ${options.join(' ')} -T - ${url}/piped.bin < ${one.path}`

      const links = (await curl([...options, '-T', one.path, `${url}/`, '-T', two.path, `${url}/`])).trim().split('\n')
      if (!options.includes('--http1.0')) links.push(await run('bash', ['-c', piped])) // which has no chunks

      const expected = [one.bytes, two.bytes, one.bytes].slice(0, links.length)
      expect(links.length).toBeGreaterThanOrEqual(2)
      expect(await Promise.all(links.map(stored))).toEqual(expected)
    },
  )
})

test('the command to resume reaches a client that waits for an interim answer, and no other', async () => {
  const { path } = givenBytes()

  const told = await curl(['-i', '-T', path, `${server.url()}/`])
  const untold = await curl(['-i', '-H', 'Expect:', '-T', path, `${server.url()}/`])

  expect(told).toMatch(/^HTTP\/1\.1 100 .*HTTP\/1\.1 104 .*x-mayfly-resume: .*HTTP\/1\.1 200 /is)
  expect(untold).toMatch(/^HTTP\/1\.1 200 /)
})
