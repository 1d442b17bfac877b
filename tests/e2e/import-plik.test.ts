import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, onTestFinished, test } from 'vitest'
import { createS3Client } from '../../storage/s3-client.ts'
import { runCommand } from '../helpers/command-line.ts'
import { migratedFolder } from '../helpers/database.ts'
import { copyToPostgres, givenPlik, goTime } from '../helpers/plik-database.ts'
import { startPostgres } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { sharedBucket } from '../helpers/shared-bucket.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

const run = promisify(execFile)

const LARGE = randomBytes(3_000_000)

test('files of realistic sizes are imported without a server, from a folder that is corrected after a mistake', async () => {
  const settings = { DATA_DIR: migratedFolder(), LOG_FORMAT: 'json' }
  const plik = givenPlik()
  plik.upload({ id: 'AAAAAAAAAAAAAAAA' })
  for (const [index, content] of [LARGE, randomBytes(300_000), Buffer.from('small')].entries())
    plik.file({ id: `aaaaaaaaaaaaaaa${index}`, upload_id: 'AAAAAAAAAAAAAAAA', name: `${index}.bin` }, content)

  const importFrom = (files: string) =>
    runCommand(['import-plik', '--database', plik.database, '--files', files], settings)
  const mistaken = await importFrom(`${plik.files}s`)
  const corrected = await importFrom(plik.files)

  expect(mistaken).toMatchObject({
    code: 1,
    output: '',
    errors: expect.stringContaining('nothing was imported: 3 of 3 files'),
  })
  expect(corrected).toMatchObject({ code: 0, output: expect.stringContaining('files            3 (3.3 MB)') })
  const server = await spawnServer({ DATA_DIR: settings.DATA_DIR })
  const answer = await fetch(`${server.url}/file/AAAAAAAAAAAAAAAA/aaaaaaaaaaaaaaa0/0.bin`)
  expect(Buffer.from(await answer.arrayBuffer()).equals(LARGE)).toBe(true)
})

test.skipIf(!isInstalled('postgres') || !isInstalled('ceph'))(
  'a Plik with its metadata in PostgreSQL and its files in S3 comes over by its plikd.cfg',
  async () => {
    const [postgres, s3] = [await startPostgres(), await sharedBucket()]
    onTestFinished(postgres.stop)
    const plik = givenPlik({ version: '1.4' })
    plik.user({ login: 'anna', is_admin: 1, max_ttl: -1 }, 'correct horse')
    plik.upload({ id: 'AAAAAAAAAAAAAAAA', one_shot: 1, user: 'local:anna', comments: 'für dich' })
    plik.file({ id: 'aaaaaaaaaaaaaaaa', upload_id: 'AAAAAAAAAAAAAAAA', name: 'large.bin' }, LARGE)
    plik.upload({ id: 'BBBBBBBBBBBBBBBB', deleted_at: goTime(Date.now()) })
    await copyToPostgres(plik, `${postgres.url}/postgres`)
    const client = createS3Client({ ...s3, forcePathStyle: true }, { socketTimeout: 0, requestTimeout: 10_000 })
    onTestFinished(() => client.destroy())
    await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'plik/aaaaaaaaaaaaaaaa', Body: LARGE }))
    const config = join(dirname(plik.database), 'plikd.cfg')
    const { host, hostname, port, username } = new URL(postgres.url)
    writeFileSync(
      config,
      `DataBackend = "s3"
[DataBackendConfig]
Endpoint = "${new URL(s3.endpoint).host}"
AccessKeyID = "${s3.accessKeyId}"
SecretAccessKey = "${s3.secretAccessKey}"
Bucket = "${s3.bucket}"
Prefix = "plik"
[MetadataBackendConfig]
Driver = "postgres"
ConnectionString = "host=${hostname} port=${port} user=${username} dbname=postgres sslmode=disable"
`,
    )
    const settings = { DATA_DIR: migratedFolder(), LOG_FORMAT: 'json' }

    const imported = await runCommand(['import-plik', '--json', '--config', config], settings)

    expect(imported, `${host}: ${imported.errors}`).toMatchObject({ code: 0 })
    expect(JSON.parse(imported.output)).toMatchObject({
      users: 1,
      uploads: 1,
      files: 1,
      bytes: LARGE.length,
      warnings: [],
    })
    const server = await spawnServer({ DATA_DIR: settings.DATA_DIR })
    expect(await (await fetch(`${server.url}/upload/AAAAAAAAAAAAAAAA`)).json()).toMatchObject({
      oneShot: true,
      removable: false,
      comments: 'für dich',
    })
    const link = `${server.url}/file/AAAAAAAAAAAAAAAA/aaaaaaaaaaaaaaaa/large.bin`
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(LARGE)).toBe(true)
    expect((await fetch(link)).status).toBe(404)
  },
)

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
  const mayfly = (...args: string[]) =>
    run(process.execPath, ['server/dist/mayfly.js', 'import-plik', ...args], { env })

  const { stdout } = await mayfly('--config', config)
  const again = JSON.parse((await mayfly('--json', '--database', plik.database, '--files', plik.files)).stdout)

  expect(stdout).toContain('uploads          1 (0 more were here already, 0 have expired)')
  expect(stdout).toContain('files            1 (5 B), 1 of them without a copy')
  expect(again).toMatchObject({ uploads: 0, alreadyThere: 1 })
  const link = `${server.url}/file/AAAAAAAAAAAAAAAA/aaaaaaaaaaaaaaaa/a.txt`
  expect(await (await fetch(link)).text()).toBe('hello')
  await expect(mayfly('--database', plik.database)).rejects.toMatchObject({ code: 2 })
})
