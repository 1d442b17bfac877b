import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { settingDocs, settingGroups } from '../server/config/settings.ts'

const run = promisify(execFile)
const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

const settings = Object.values(settingGroups)
  .flatMap((group) => Object.values(group))
  .map((schema) => settingDocs.get(schema)?.name)

test('the Compose file is valid and has nothing that dclint would change', async () => {
  const checked = run('node_modules/.bin/dclint', ['--max-warnings', '0', 'docker-compose.yml'])

  await expect(checked).resolves.toBeDefined()
})

test.each(['Dockerfile', 'docker-compose.yml', 'deploy/mayfly.service', 'deploy/mayfly.env', 'docs/deployment.md'])(
  '%s names no setting that the server would refuse',
  async (path) => {
    const named = (await read(path)).match(/\bMAYFLY_[A-Z0-9_]+/g)?.filter((name) => name !== 'MAYFLY_NAME')

    expect(settings).toEqual(expect.arrayContaining(named ?? []))
  },
)

test('every setting of the file `.env` reaches each server in Compose, but for what ports and volumes rely on', async () => {
  const compose = await read('docker-compose.yml')
  const [, fixed] = /^x-container: &container\n((?: .*\n)+)/m.exec(compose) ?? []
  const services = [...compose.matchAll(/^ {2}(mayfly|replica):\n((?: {4}.*\n|\n)+)/gm)].map(([, , text = '']) => text)

  expect(compose).toContain('x-settings: &settings\n  - path: .env\n')
  expect(fixed?.match(/MAYFLY_\w+/g)).toEqual(['MAYFLY_HOST', 'MAYFLY_PORT', 'MAYFLY_DATA_DIR'])
  expect(services).toHaveLength(2)
  for (const service of services) expect(service).toContain('    env_file: *settings\n')
  expect(services[0]).not.toContain('MAYFLY_')
})

test('backups of several servers are in a volume that belongs to the user of the image', async () => {
  const [compose, dockerfile] = [await read('docker-compose.yml'), await read('Dockerfile')]

  expect(compose).toContain('      - mayfly-backups:/backups\n')
  expect(compose).toContain('      MAYFLY_BACKUP_DIR: /backups\n')
  expect(dockerfile).toMatch(/install -d -o node -g node -m 0700 .*\/backups\b/)
})

test('the image and the systemd unit have the command `mayfly`', async () => {
  const program = 'server/dist/mayfly.js'

  expect(await read('Dockerfile')).toContain(`ln -s /app/${program} /usr/local/bin/mayfly`)
  expect(await read('deploy/mayfly')).toContain(`/opt/mayfly/${program} "$@"`)
  for (const file of ['server/cli/main.ts', program, 'deploy/mayfly'])
    expect((await stat(file)).mode & 0o111).toBe(0o111)
})

test('npm start, the image and the systemd unit tell the allocator the same', async () => {
  const said = async (path: string) => (await read(path)).match(/\bMALLOC_[A-Z_]+=\d+/g)?.sort()

  const start = await said('package.json')

  expect(start).toHaveLength(3)
  expect([await said('Dockerfile'), await said('deploy/mayfly.service')]).toEqual([start, start])
})

test('every folder that the server imports from enters the image', async () => {
  const allowed = (await read('.dockerignore')).match(/(?<=^!).+$/gm)
  const files = await readdir('server', { recursive: true })
  const sources = await Promise.all(files.filter((file) => file.endsWith('.ts')).map((file) => read(`server/${file}`)))
  const imported = sources.flatMap(
    (source) => source.match(/(?<=from '(?:\.\.\/)+)(?:storage|migrations|seeds|web)(?=\/)/g) ?? [],
  )

  expect(allowed).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', 'server', ...imported]))
})

test('what the Dockerfile copies enters the image', async () => {
  const allowed = (await read('.dockerignore')).match(/(?<=^!).+$/gm)
  const copies = (await read('Dockerfile')).match(/(?<=^COPY )(?!--from).+(?= \S+$)/gm) ?? []
  const sources = copies.flatMap((line) => line.split(' ')).filter((source) => source !== '.')

  expect(sources).toContain('tsconfig.json')
  expect(allowed).toEqual(expect.arrayContaining(sources))
})

test('the page is built where there is everything that it imports', async () => {
  const [stage] = (await read('Dockerfile')).split('RUN npm run build')
  const files = (await readdir('web', { recursive: true })).filter((file) => /^(?:src|worker)\/.*\.tsx?$/.test(file))
  const sources = await Promise.all(files.map((file) => read(`web/${file}`)))
  const imported = sources.flatMap((source) => source.match(/(?<=^import [^']*from '(?:\.\.\/)+)[a-z]+(?=\/)/gm) ?? [])
  const outside = (await readdir('.')).filter((folder) => imported.includes(folder))

  expect(outside).toContain('server')
  expect(stage?.match(/(?<=^COPY )\w+(?= \.\/)/gm)).toEqual(expect.arrayContaining(outside))
})

test('the health check of the image passes on an answer at the configured port and path, and fails without one', async () => {
  const healthCheck = JSON.parse((await read('Dockerfile')).match(/(?<=HEALTHCHECK[^[]+)\[.+\]/)?.[0] ?? '[]')
  const server = createServer((request, reply) => reply.writeHead(request.url === '/files/health' ? 200 : 404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const MAYFLY_PORT = String((server.address() as AddressInfo).port)
  const check = (MAYFLY_PATH_PREFIX: string) =>
    run(process.execPath, healthCheck.slice(1), { env: { MAYFLY_PORT, MAYFLY_PATH_PREFIX } })

  await expect(check('/files')).resolves.toBeDefined()
  await expect(check('')).rejects.toMatchObject({ code: 1 })
})
