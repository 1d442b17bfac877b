import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { hasNetworks, inNetworkOf, NEW_NETWORK, slowDown } from '../helpers/slow-network.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

/** Limited downloads over 8 Mbit/s: at any moment the kernel has taken far more than the other side has read. */

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
  const slow = () => slowDown(server.pid, '8mbit')
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
