import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../helpers/command-line.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { waitFor } from '../helpers/wait.ts'

test('with a database that is not the server’s, a command and a server delete nothing and say what to do', async () => {
  const server = await spawnServer()
  const { dataDir } = server
  const url = (await (await fetch(`${server.url}/a.txt`, { method: 'PUT', body: 'kept' })).text()).trim()
  const wrong = { DATA_DIR: dataDir, DATABASE_URL: 'sqlite:other.db' }

  await runCommand(['migrate'], wrong)
  const cleaned = await runCommand(['clean'], wrong)
  const shown = await runCommand(['store', '--json'], wrong)
  const other = await spawnServer(wrong)

  expect(cleaned).toMatchObject({
    code: 1,
    errors: expect.stringContaining('run `mayfly store adopt` if both are right'),
  })
  expect(shown.code).toBe(1)
  expect(JSON.parse(shown.output)).toEqual({ database: '-', store: expect.stringMatching(/^\w{16}$/), isOwned: false })
  await waitFor(() => {
    const messages = other.logs().map(({ msg }) => msg)
    expect(messages).toEqual(expect.arrayContaining(['no stored file is deleted', 'a step of a job failed']))
  }, 50)
  expect(storedFiles(dataDir)).toHaveLength(1)
  expect(await (await fetch(url)).text()).toBe('kept')

  expect(await runCommand(['store', 'adopt'], wrong)).toMatchObject({
    code: 0,
    output: expect.stringContaining('They belong together.'),
  })
  expect(await runCommand(['store'], { DATA_DIR: dataDir })).toMatchObject({ code: 1 })
  expect(await runCommand(['store', 'steal'], wrong)).toMatchObject({ code: 2 })
}, 90_000)

test('what has expired is deleted by `clean`, also while no server runs', async () => {
  const server = await spawnServer()
  const { dataDir } = server
  const url = (await (await fetch(`${server.url}/a.txt?ttl=1`, { method: 'PUT', body: 'short' })).text()).trim()
  await waitFor(async () => expect((await fetch(url)).status).toBe(404))
  await server.kill('SIGKILL')
  const before = storedFiles(dataDir)

  const { code } = await runCommand(['clean'], { DATA_DIR: dataDir })

  expect([before.length, code, storedFiles(dataDir)]).toEqual([1, 0, []])
}, 90_000)

test('a server whose bucket does not answer starts all the same', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const { port } = silent.address() as AddressInfo

  const server = await spawnServer({
    STORAGE: 's3',
    S3_BUCKET: 'bucket',
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'secret',
  })

  expect((await fetch(`${server.url}/health`)).status).toBe(200)
}, 60_000)
