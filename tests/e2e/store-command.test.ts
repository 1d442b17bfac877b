import { expect, test, vi } from 'vitest'
import { runCommand } from '../helpers/command-line.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { storedFiles } from '../helpers/stored-files.ts'

test('with a database that is not the server’s, a command and a server delete nothing and say what to do', async () => {
  const server = await spawnServer()
  const { dataDir } = server
  const url = (await (await fetch(`${server.url}/a.txt`, { method: 'PUT', body: 'kept' })).text()).trim()
  const wrong = { DATA_DIR: dataDir, DATABASE_URL: 'sqlite:other.db' }

  const cleaned = await runCommand(['clean'], wrong)
  const shown = await runCommand(['store', '--json'], wrong)
  const other = await spawnServer(wrong)

  expect(cleaned).toMatchObject({
    code: 1,
    errors: expect.stringContaining('run `mayfly store adopt` if both are right'),
  })
  expect(shown.code).toBe(1)
  expect(JSON.parse(shown.output)).toEqual({ database: '-', store: expect.stringMatching(/^\w{16}$/), isOwned: false })
  expect(other.logs()).toContainEqual(expect.objectContaining({ msg: 'no stored file is deleted' }))
  await vi.waitFor(() =>
    expect(other.logs().filter(({ msg }) => msg === 'a step of a job failed').length).toBeGreaterThan(0),
  )
  expect(storedFiles(dataDir)).toHaveLength(1)
  expect(await (await fetch(url)).text()).toBe('kept')

  expect(await runCommand(['store', 'adopt'], wrong)).toMatchObject({
    code: 0,
    output: expect.stringContaining('They belong together.'),
  })
  expect(await runCommand(['store'], { DATA_DIR: dataDir })).toMatchObject({ code: 1 })
  expect(await runCommand(['store', 'steal'], wrong)).toMatchObject({ code: 2 })
}, 90_000)
