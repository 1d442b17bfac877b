import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, launchFrom } from '../helpers/browser.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled, pathOf } from '../helpers/programs.ts'
import { hasNetworks, inNetworkOf, NEW_NETWORK, networkOf, slowDown } from '../helpers/slow-network.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

/** Limited downloads over a slow line: at any moment the kernel has taken far more than the other side has read. */

const MB = 1_000_000

/** Prints about so many bytes of a link, and leaves: curl can't be told how many, and other clients read ahead. */
const READER = `
const [, url, bytes, connection] = process.argv
const { hostname, port, pathname } = new URL(url)
const request = ['GET ' + pathname + ' HTTP/1.1', 'Host: x', 'User-Agent: reader', 'Connection: ' + connection, '', '']
let answer = Buffer.alloc(0)
const take = (count, buffer) => {
  answer = Buffer.concat([answer, buffer.subarray(0, count)])
  const body = answer.subarray(answer.indexOf('\\r\\n\\r\\n') + 4)
  if (body.length < Number(bytes)) return true
  process.stdout.write(body)
  socket.destroy()
  return false
}
const socket = require('net').connect({ host: hostname, port, onread: { buffer: Buffer.alloc(500), callback: take } })
socket.write(request.join('\\r\\n'))`

async function givenSlowServer() {
  const server = await spawnServer({ PORT: '8080' }, {}, NEW_NETWORK)
  const run = (command: string[]) => inNetworkOf(server.pid, command)
  const curl = async (...args: string[]) => (await run(['curl', '-sS', ...args])).output
  const status = async (url: string) => `${await curl('-o', '/dev/null', '-w', '%{http_code}', '-A', 'another', url)}`
  const give = async (size: number, options = 'oneShot=true') => {
    const path = join(temporaryFolder(), 'file.bin')
    const bytes = randomBytes(size)
    writeFileSync(path, bytes)
    return { bytes, url: `${await curl('-F', options, '-F', `file=@${path}`, server.url)}`.trim() }
  }
  const slow = (rate = '8mbit') => slowDown(server.pid, rate)
  return { ...server, run, curl, status, give, slow }
}

const CUTS = [
  { size: 100_000, percent: 50 },
  { size: MB / 2, percent: 10 },
  { size: MB / 2, percent: 50 },
  { size: MB / 2, percent: 75 },
  { size: MB / 2, percent: 90 },
  { size: MB / 2, percent: 99 },
  { size: 2 * MB, percent: 90 },
]

describe.skipIf(!hasNetworks())('a one-shot file that is cancelled over a slow line', () => {
  test.each(['keep-alive', 'close'])(
    'is the same client’s to finish, wherever it is cut (Connection: %s)',
    async (connection) => {
      const { give, slow, run, curl, status } = await givenSlowServer()
      const files = await Promise.all(CUTS.map(async (cut) => ({ ...cut, ...(await give(cut.size)) })))
      await slow()

      const results = await Promise.all(
        files.map(async ({ url, bytes, size, percent }) => {
          const cut = [process.execPath, '-e', READER, url, `${(size * percent) / 100}`, connection]
          const { output: first } = await run(cut)
          await expect.poll(() => status(url)).toBe('423')
          const rest = await curl('-A', 'reader', '-r', `${first.length}-`, url)
          const afterwards = await status(url)
          return [size, percent, Buffer.concat([first, rest]).equals(bytes), afterwards]
        }),
      )

      expect(results).toEqual(CUTS.map(({ size, percent }) => [size, percent, true, '423'])) // and gone a minute later
    },
    60_000,
  )
})

/** Programs as people run them, cancelled after a part. Each resumes, but rclone, which begins anew. */
const PROGRAMS: { name: string; percent: number; command: (url: string, file: string) => string[] }[] = [
  { name: 'curl', percent: 75, command: (url, file) => ['curl', '-sS', '-C', '-', '-o', file, url] },
  { name: 'wget', percent: 50, command: (url, file) => ['wget', '-q', '-c', '-O', file, url] },
  {
    name: 'aria2c, 4 connections',
    percent: 60,
    command: (url, file) => [
      ...'aria2c -q -c -x4 -s4 -k1M --file-allocation=none --disk-cache=0 -d / -o'.split(' '),
      file,
      url,
    ],
  },
  { name: 'axel -n 4', percent: 60, command: (url, file) => ['axel', '-q', '-n', '4', '-o', file, url] },
  { name: 'axel -n 8', percent: 40, command: (url, file) => ['axel', '-q', '-n', '8', '-o', file, url] },
  {
    name: 'rclone',
    percent: 25,
    command: (url, file) => ['rclone', '--config', '/dev/null', 'copyurl', url, file],
  },
]

describe.skipIf(!hasNetworks())('a one-shot file whose download is cancelled over a slow line', () => {
  test.skipIf(!(['wget', 'aria2c', 'axel', 'rclone'] as const).every(isInstalled))(
    'is complete when the same program is started again, and nobody else gets it',
    async () => {
      const { give, slow, pid, status } = await givenSlowServer()
      const downloads = await Promise.all(
        PROGRAMS.map(async (program) => ({
          ...program,
          file: join(temporaryFolder(), 'out'),
          ...(await give(2 * MB)),
        })),
      )
      await slow('16mbit')

      const results = await Promise.all(
        downloads.map(async ({ name, percent, command, url, file, bytes }) => {
          const start = () => startInNetwork(pid, command(url, file))
          const first = start()
          await expect
            .poll(() => bytesIn(file), { timeout: 30_000, interval: 20 })
            .toBeGreaterThan((bytes.length * percent) / 100)
          first.kill()
          await first.ended
          await expect.poll(() => status(url), { timeout: 10_000, message: name }).toBe('423')
          const code = await start().ended
          return [name, code, readFileSync(file).equals(bytes), await status(url)]
        }),
      )

      expect(results).toEqual(PROGRAMS.map(({ name }) => [name, 0, true, expect.stringMatching(/423|404/)]))
    },
    60_000,
  )

  test.skipIf(!hasBrowser())(
    'comes whole when Chromium is told to fetch it again',
    async () => {
      const { give, slow, pid, status } = await givenSlowServer()
      const { url, bytes } = await give(2 * MB)
      await slow('16mbit')
      const browser = await launchFrom(browserInNetwork(pid))
      onTestFinished(() => browser.close())
      const page = await browser.newPage()
      const fetchFile = async () => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.goto(`${url}?dl=1`).catch(() => {})])
        return download
      }

      const first = await fetchFile()
      await first.cancel()
      await expect.poll(() => status(url), { timeout: 10_000 }).toBe('423')
      const again = await fetchFile()

      expect(readFileSync(await again.path()).equals(bytes)).toBe(true)
      expect(await status(url)).toMatch(/423|404/)
    },
    60_000,
  )
})

function startInNetwork(pid: number, command: string[]) {
  const [enter, ...where] = networkOf(pid)
  const child = spawn(enter, [...where, ...command], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { kill: () => child.kill('SIGINT'), ended: once(child, 'exit').then(([code]) => code as number | null) }
}

/** Of a file with holes, which programs with several connections write, what is there. */
const bytesIn = (file: string): number => (existsSync(file) ? statSync(file).blocks * 512 : 0)

function browserInNetwork(pid: number): string {
  const script = join(temporaryFolder(), 'chromium')
  writeFileSync(script, `#!/bin/sh\nexec ${networkOf(pid).join(' ')} ${pathOf('headlessShell')} "$@"\n`, {
    mode: 0o755,
  })
  return script
}
