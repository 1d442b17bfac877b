import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { givenPlik } from '../helpers/plik-database.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

const run = promisify(execFile)

test('mayfly import-plik --config brings a Plik over while the server runs', async () => {
  const server = await spawnServer()
  const plik = givenPlik()
  plik.upload({ id: 'AAAAAAAAAAAAAAAA' })
  plik.file({ id: 'aaaaaaaaaaaaaaaa', upload_id: 'AAAAAAAAAAAAAAAA' }, 'hello')
  const config = join(dirname(plik.database), 'plikd.cfg')
  writeFileSync(
    config,
    '[DataBackendConfig]\nDirectory = "files"\n[MetadataBackendConfig]\nConnectionString = "plik.db"\n',
  )
  const env = { ...process.env, MAYFLY_DATA_DIR: server.dataDir }
  const mayfly = (...args: string[]) => run(process.execPath, ['server/cli.ts', 'import-plik', ...args], { env })

  const { stdout } = await mayfly('--config', config)
  const again = JSON.parse((await mayfly('--json', '--database', plik.database, '--files', plik.files)).stdout)

  expect(stdout).toContain('uploads          1 (0 more were here already, 0 have expired)')
  expect(stdout).toContain('files            1 (5 B), 1 of them without a copy')
  expect(again).toMatchObject({ uploads: 0, alreadyThere: 1 })
  const link = `${server.url}/file/AAAAAAAAAAAAAAAA/aaaaaaaaaaaaaaaa/a.txt`
  expect(await (await fetch(link)).text()).toBe('hello')
  await expect(mayfly('--database', plik.database)).rejects.toMatchObject({ code: 2 })
})
