import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isInstalled } from '../helpers/programs.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { waitFor } from '../helpers/wait.ts'

/** System calls of the running server that fail: on a disk with errors, by strace, and for want of file descriptors. */

/** `options`: of strace, such as `-P` for one file. Returns how to end it. */
async function injectFault(server: SpawnedServer, fault: string, options: string[] = []): Promise<() => Promise<void>> {
  const parameters = ['-f', '-o', '/dev/null', ...options, '-e', `inject=${fault}`, '-p', `${server.pid}`]
  const strace = spawn('strace', parameters)
  const exited = once(strace, 'exit')
  onTestFinished(() => void strace.kill('SIGKILL'))
  await once(strace.stderr, 'data') // "Process … attached"
  return async () => {
    strace.kill('SIGINT')
    await exited
  }
}

const SENDERS: [how: string, send: (server: SpawnedServer) => Promise<Response>][] = [
  ['a body', ({ url }) => fetch(`${url}/a.txt`, { method: 'PUT', body: 'hello' })],
  ['a form', ({ url }) => fetch(url, { method: 'POST', body: formOf('a.txt', 'b.txt') })],
]

function formOf(...names: string[]): FormData {
  const form = new FormData()
  for (const name of names) form.append('file', new Blob(['hello']), name)
  return form
}

test.skipIf(!isInstalled('strace')).each([
  ['syncs fail', 'fsync,fdatasync:error=EIO'],
  ['files can’t be renamed', 'rename,renameat,renameat2:error=EIO'],
])(
  'while %s uploads are refused as temporary, nothing of them stays, reading continues, and it heals by itself',
  async (_what, fault) => {
    const server = await spawnServer()
    const [, put] = SENDERS[0] as (typeof SENDERS)[number]
    const link = (await (await put(server)).text()).trim()

    const endFault = await injectFault(server, fault)
    for (const [how, send] of SENDERS) {
      const response = await send(server)
      expect([how, response.status, await response.text()]).toEqual([
        how,
        503,
        'the storage is not available at the moment\n',
      ])
    }
    expect(await (await fetch(link)).text()).toBe('hello')
    await endFault()

    await waitFor(() => expect(storedFiles(server.dataDir)).toHaveLength(1))
    expect((await put(server)).status).toBe(200)
  },
)

test.skipIf(!isInstalled('strace'))(
  'while the log of the database can’t be synced uploads are refused as temporary, reading continues, and it heals by itself',
  async () => {
    const server = await spawnServer()
    const [, put] = SENDERS[0] as (typeof SENDERS)[number]
    const link = (await (await put(server)).text()).trim()

    const endFault = await injectFault(server, 'fdatasync:error=EIO', ['-P', join(server.dataDir, 'mayfly.db-wal')])
    for (const [how, send] of SENDERS) expect([how, (await send(server)).status]).toEqual([how, 503])
    expect(await (await fetch(link)).text()).toBe('hello')
    await endFault()

    expect((await put(server)).status).toBe(200)
  },
)

test('with few file descriptors many readers at once are served or told to come back, and it heals by itself', async () => {
  const server = await spawnServer({}, {}, ['prlimit', '--nofile=80'])
  const put = () => fetch(`${server.url}/a.bin`, { method: 'PUT', body: new Uint8Array(100_000) })
  const link = (await (await put()).text()).trim()

  const answers = await Promise.all(
    Array.from({ length: 150 }, () =>
      fetch(link, { headers: { Connection: 'close' }, signal: AbortSignal.timeout(20_000) }).then(
        async (response) => `${response.status}, ${(await response.arrayBuffer()).byteLength} bytes`,
        () => 'no connection',
      ),
    ),
  )

  for (const answer of answers) expect(answer).toMatch(/^(200, 100000 bytes|503, \d\d bytes|no connection)$/)
  expect((await put()).status).toBe(200)
  expect((await (await fetch(link)).arrayBuffer()).byteLength).toBe(100_000)
})
