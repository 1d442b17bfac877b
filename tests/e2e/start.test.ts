import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { freePort } from '../helpers/postgres-server.ts'
import { spawnServer, startServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

const isRoot = process.getuid?.() === 0
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

/** The one line of a start that fails. */
async function problemOf(settings: Record<string, string>, prefix: readonly string[] = []): Promise<string> {
  const { exited, output } = startServer({ LOG_FORMAT: 'json', DATA_DIR: temporaryFolder(), ...settings }, prefix)
  expect(await exited).toBe(1)
  const lines = output().trimEnd().split('\n')
  expect(lines, output()).toHaveLength(1)
  return JSON.parse(lines[0] ?? '').msg
}

test('a port that is taken stops the start with a line that says which, and what to do', async () => {
  const { url } = await spawnServer()
  const { port } = new URL(url)

  expect(await problemOf({ PORT: port })).toBe(
    `could not start: 127.0.0.1:${port} is in use: stop the program that listens there, or set MAYFLY_PORT to another port`,
  )
  expect(await problemOf({ METRICS_PORT: port })).toContain('set MAYFLY_METRICS_PORT to another port')
})

test('an address that this machine does not have stops the start with a line', async () => {
  expect(await problemOf({ HOST: '192.0.2.1' })).toBe(
    'could not start: 192.0.2.1 is not an address of this machine: set MAYFLY_HOST to one that is, or to 0.0.0.0',
  )
})

test.runIf(isRoot)(
  'a data folder of another user stops the start with its path, both users and the remedy',
  async () => {
    const folder = temporaryFolder()

    expect(await problemOf({ DATA_DIR: folder }, AS_NOBODY)).toBe(
      `could not start: uid 65534 may not write ${folder}/mayfly.db: ${folder} belongs to uid 0 (mode 0700); ` +
        `run as uid 0, \`chown -R 65534 ${folder}\`, or set MAYFLY_DATA_DIR to a folder that can be written`,
    )
  },
)

test.runIf(isRoot)('so does a database, or a folder of files, of another user in an own folder', async () => {
  const first = await spawnServer()
  await first.kill('SIGTERM')
  const give = spawn('chown', ['65534', first.dataDir])
  await once(give, 'close')

  expect(await problemOf({ DATA_DIR: first.dataDir }, AS_NOBODY)).toContain(
    `may not write ${first.dataDir}/mayfly.db: ${first.dataDir}/mayfly.db belongs to uid 0 (mode 0600)`,
  )
  expect(await problemOf({ DATA_DIR: first.dataDir, DATABASE_URL: 'sqlite:other.db' }, AS_NOBODY)).toContain(
    `${first.dataDir}/files belongs to uid 0 (mode 0700)`,
  )
})

test('a data folder that can not be made, and a database that is none, stop the start with a line', async () => {
  const dataDir = temporaryFolder()
  writeFileSync(join(dataDir, 'file'), '')
  mkdirSync(join(dataDir, 'damaged'))
  writeFileSync(join(dataDir, 'damaged', 'mayfly.db'), 'no database '.repeat(1_000))

  expect(await problemOf({ DATA_DIR: join(dataDir, 'file', 'data') })).toBe(
    `could not start: can't create ${dataDir}/file/data: ${dataDir}/file is not a folder; set MAYFLY_DATA_DIR to a folder that can be written`,
  )
  expect(await problemOf({ DATA_DIR: join(dataDir, 'damaged') })).toContain(
    `the database ${dataDir}/damaged/mayfly.db is damaged or not an SQLite database`,
  )
})

test('a wrong address of the database stops the start with a line, without its password', async () => {
  const port = await freePort()

  const refused = await problemOf({ DATABASE_URL: `postgres://user:hunter2@127.0.0.1:${port}/files` })
  const unknown = await problemOf({ DATABASE_URL: `postgres://user:hunter2@db.invalid:5432/files` })

  expect(refused).toBe(
    `could not start: the PostgreSQL server 127.0.0.1:${port} refuses the connection; check MAYFLY_DATABASE_URL (database "files")`,
  )
  expect(unknown).toMatch(/^could not start: the PostgreSQL server db\.invalid:5432 (was not found|cannot be resolved)/)
})

test('on a terminal the line is in words, too, and of several workers one says it', async () => {
  const { exited, output } = startServer({ LOG_FORMAT: 'pretty', WORKERS: '2', DATA_DIR: '/dev/null/nowhere' })

  expect(await exited).toBe(1)
  expect(output().trimEnd().split('\n')).toEqual([expect.stringContaining('/dev/null is not a folder')])
})

test('SIGTERM to `npm start` ends the server and frees its port', async () => {
  const port = await freePort()
  const child = spawn('npm', ['start', '--ignore-scripts'], {
    env: {
      ...process.env,
      PATH: `${join(process.cwd(), 'node_modules/.bin')}:${process.env.PATH}`,
      MAYFLY_DATA_DIR: temporaryFolder(),
      MAYFLY_PORT: String(port),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = text(child.stdout)
  await waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200))

  child.kill('SIGTERM')

  expect(await once(child, 'exit')).toEqual([0, null])
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow()
  expect(await output).toContain('"signal":"SIGTERM"')
})
