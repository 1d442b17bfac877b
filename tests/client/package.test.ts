import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedServer } from '../helpers/spawn-server.ts'

/** The package as `npm pack` makes it, in a project of its own, beside the dependencies that are installed here. */

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
/** The machine's own Node where the package promises to run on it, since it is older than that of the tests. */
const NODE = ['/usr/local/bin/node', '/usr/bin/node'].find(isNewEnough) ?? process.execPath
const DEPENDENCIES = ['@noble/ciphers', '@noble/hashes', 'age-encryption', 'commander', 'uqr']
/** Of the projects themselves. */
const TOOLS = ['axios', '@types/node']

const server = sharedServer()
const project = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
const inProject = (name: string) => join(project, name)
const BIN = inProject('node_modules/mayfly-client/dist/terminal/mayfly-send.js')

beforeAll(async () => {
  const packing = ['pack', '--json', '--silent', '--offline', '--pack-destination', project]
  const { stdout } = await run('npm', packing, { cwd: join(ROOT, 'client') })
  const [{ filename = '' } = {}] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string }[]
  const installed = inProject('node_modules/mayfly-client')
  mkdirSync(installed, { recursive: true })
  await run('tar', ['--extract', '--gzip', '--strip-components=1', '--file', inProject(filename)], { cwd: installed })
  for (const name of [...DEPENDENCIES, ...TOOLS]) {
    mkdirSync(dirname(inProject(`node_modules/${name}`)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), inProject(`node_modules/${name}`))
  }
  writeFileSync(inProject('package.json'), '{"type":"module"}')
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

function isNewEnough(node: string): boolean {
  if (!existsSync(node)) return false
  const [major = 0, minor = 0] = execFileSync(node, ['--print', 'process.versions.node'], { encoding: 'utf8' })
    .split('.')
    .map(Number)
  return major > 20 || (major === 20 && minor >= 19)
}

test('it names what it needs, and holds types and source maps', () => {
  const { dependencies, bin, exports } = JSON.parse(
    readFileSync(inProject('node_modules/mayfly-client/package.json'), 'utf8'),
  )

  expect(Object.keys(dependencies)).toEqual(DEPENDENCIES)
  const files = JSON.stringify([bin, exports]).match(/dist\/[^"]+/g) ?? []
  expect(files).toHaveLength(7)
  const withMaps = files.flatMap((file) => [file, `${file}.map`])
  expect(withMaps.filter((file) => !existsSync(inProject(`node_modules/mayfly-client/${file}`)))).toEqual([])
})

const PROGRAM = `
import axios from 'axios'
import { type Client, createClient, type Download, MayflyError, type UploadInfo, type UploadProgress } from 'mayfly-client'
import { createAxiosClient, fileNameOf, messageOf } from 'mayfly-client/axios'

export async function main(file: File): Promise<string> {
  const client: Client = createClient({ url: 'https://files.example.org', token: 'x' })
  const onProgress = ({ sent, total }: UploadProgress): number => sent / (total ?? sent)
  const upload: UploadInfo = await client.upload([file], { ttl: '7d', encrypt: true }, { onProgress })
  const download: Download = await createAxiosClient({ axios: axios.create() }).download(upload.link)
  try {
    return await download.text()
  } catch (error) {
    if (error instanceof MayflyError) return error.code + error.status + error.detail + error.retryAfter
    return fileNameOf(new Headers()) + (await messageOf(error))
  }
}
`
const NODE_PROGRAM = `
import { createClient } from 'mayfly-client'
import { fileAt, filesAt, type SavedFile, saveFile } from 'mayfly-client/node'

const client = createClient({ url: 'https://files.example.org' })
const upload = await client.upload([await fileAt('a.txt'), ...(await filesAt('folder'))])
export const saved: SavedFile = await saveFile(client, upload.link, { directory: 'received' })
`

test.each([
  [
    'of a browser',
    PROGRAM,
    { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom', 'dom.iterable'], types: [] },
  ],
  ['of Node', NODE_PROGRAM, { module: 'nodenext', lib: ['es2022'], types: ['node'] }],
])('a fresh TypeScript project %s compiles with it, strictly', async (_what, program, options) => {
  const compilerOptions = { target: 'es2022', strict: true, exactOptionalPropertyTypes: true, noEmit: true, ...options }
  writeFileSync(inProject('main.ts'), program)
  writeFileSync(inProject('tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }))

  const problems = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project]).catch(({ stdout }) => ({ stdout }))

  expect(problems.stdout).toBe('')
})

test('a fresh project of plain JavaScript sends and fetches with it', async () => {
  writeFileSync(
    inProject('main.js'),
    `import axios from 'axios'
    import { createClient } from 'mayfly-client'
    import { createAxiosClient } from 'mayfly-client/axios'
    import { fileAt, saveFile } from 'mayfly-client/node'
    const client = createClient({ url: process.argv[2] })
    const upload = await client.upload([await fileAt('package.json')], { encrypt: true })
    const saved = await saveFile(client, upload.link, { directory: 'received' })
    const download = await createAxiosClient({ axios: axios.create({ baseURL: process.argv[2] }) }).download(upload.link)
    console.log(saved.path, await download.text())`,
  )

  const { stdout } = await run(NODE, ['main.js', server.url()], { cwd: project })

  expect(stdout).toBe('received/package.json {"type":"module"}\n')
})

test('its program tells the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'client/package.json'), 'utf8'))

  expect((await run(NODE, [BIN, '--version'])).stdout).toBe(`${version}\n`)
})

test('its program runs', async () => {
  const env = { ...process.env, XDG_STATE_HOME: project, MAYFLYSEND_SERVER: server.url() }

  const sent = await run(NODE, [BIN, '--encrypt', '--qr', 'package.json'], { cwd: project, env })
  const got = await run(NODE, [BIN, 'get', '-o', '-', sent.stdout.trim()], { cwd: project, env })

  expect(sent.stderr).toContain('█')
  expect(got.stdout).toBe('{"type":"module"}')
})
