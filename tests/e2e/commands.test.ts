import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandsMarkdown } from '../../scripts/command-docs.ts'
import { VERSION } from '../../server/lib/version.ts'
import { runCommand } from '../helpers/command-line.ts'
import { migratedFolder, temporaryFolder } from '../helpers/database.ts'
import { givenPlik } from '../helpers/plik-database.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

/** What holds for every command of `mayfly`, with the real program. */

const SLOW = 90_000
const isRoot = process.getuid?.() === 0
const SERVICE = 65_534
const AS_SERVICE = ['setpriv', `--reuid=${SERVICE}`, `--regid=${SERVICE}`, '--clear-groups']

test('docs/commands.md is the help of the commands; `npm run docs` writes it', () => {
  const file = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8')

  expect(file).toBe(commandsMarkdown())
})

test(
  'the version and the help need no settings, and no data',
  async () => {
    const settings = { DATA_DIR: '/dev/null/nowhere' }

    expect(await runCommand(['--version'], settings)).toEqual({ code: 0, output: `${VERSION}\n`, errors: '' })
    const help = await runCommand(['user', 'create', '--help'], settings)
    expect(help).toMatchObject({ code: 0, output: expect.stringContaining('--max-user-size <size>') })
  },
  SLOW,
)

test(
  'a command says which database it uses when it was not told, and makes none',
  async () => {
    const folder = temporaryFolder()
    const there = ['env', `--chdir=${folder}`]

    const refused = await runCommand(['user', 'list'], {}, there)
    const made = await runCommand(['migrate', '--json'], {}, there)
    const database = `${folder}/data/mayfly.db`
    const said = `mayfly: MAYFLY_DATA_DIR is not set: data in ${folder}/data, database ${database}\n`
    expect(refused).toEqual({
      code: 1,
      output: '',
      errors: `${said}mayfly: there is no Mayfly database at ${database}: set MAYFLY_DATA_DIR or MAYFLY_DATABASE_URL as for the server; \`mayfly migrate\` creates a new one\n`,
    })
    expect(made).toEqual({ code: 0, output: `${JSON.stringify({ database, isNew: true })}\n`, errors: said })
  },
  SLOW,
)

test(
  'commands print JSON when they are asked to',
  async () => {
    const settings = { DATA_DIR: migratedFolder(), FEATURE_AUTHENTICATION: 'enabled' }
    const json = async (...args: string[]) => JSON.parse((await runCommand([...args, '--json'], settings)).output)

    expect(await json('user', 'create', '--login', 'grace')).toMatchObject({ id: 'local:grace' })
    expect(await json('user', 'delete', '--login', 'grace')).toEqual({ deleted: 'local:grace' })
    const { file } = await json('backup')
    expect(existsSync(file)).toBe(true)
  },
  SLOW,
)

test(
  'an import is refused while database and store do not belong together',
  async () => {
    const server = await spawnServer()
    await (await fetch(`${server.url}/a.txt`, { method: 'PUT', body: 'kept' })).text()
    const wrong = { DATA_DIR: server.dataDir, DATABASE_URL: 'sqlite:other.db' }
    const plik = givenPlik()
    plik.upload({ id: 'AAAAAAAAAAAAAAAA' })
    plik.file({ id: 'aaaaaaaaaaaaaaaa', upload_id: 'AAAAAAAAAAAAAAAA' }, 'hello')
    await runCommand(['migrate'], wrong)

    const ended = await runCommand(['import-plik', '--database', plik.database, '--files', plik.files], wrong)

    expect(ended).toMatchObject({
      code: 1,
      output: '',
      errors: expect.stringContaining('nothing is deleted or imported'),
    })
  },
  SLOW,
)

/** A server of a service user that runs, with a folder that root alone may enter. */
async function givenServiceUser() {
  const DATA_DIR = temporaryFolder()
  chownSync(DATA_DIR, SERVICE, SERVICE)
  const server = await spawnServer({ DATA_DIR }, {}, AS_SERVICE)
  return { server, settings: { DATA_DIR }, ofRoot: temporaryFolder() }
}

const ownersIn = (folder: string): number[] => [
  ...new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)).uid),
  ),
]

test.runIf(isRoot)(
  'run by root, commands work as the owner of the data folder, and root gets the backup that it named',
  async () => {
    const { server, settings, ofRoot } = await givenServiceUser()
    const { DATA_DIR } = settings
    await (await fetch(`${server.url}/a.txt`, { method: 'PUT', body: 'kept' })).text()
    const plik = givenPlik()
    chmodSync(join(plik.database, '..'), 0o755)
    plik.upload({ id: 'AAAAAAAAAAAAAAAA' })
    plik.file({ id: 'aaaaaaaaaaaaaaaa', upload_id: 'AAAAAAAAAAAAAAAA' }, 'hello')
    const copy = join(ofRoot, 'new', 'copy.db')

    expect(await runCommand(['backup'], settings)).toMatchObject({ code: 0 })
    expect(await runCommand(['backup', copy], settings)).toMatchObject({ code: 0, output: `${copy}\n` })
    const imported = await runCommand(['import-plik', '--database', plik.database, '--files', plik.files], settings)
    expect(imported).toMatchObject({ code: 0 })
    const answer = await fetch(`${server.url}/file/AAAAAAAAAAAAAAAA/aaaaaaaaaaaaaaaa/a.txt`)
    expect(await answer.text()).toBe('hello')
    await server.kill('SIGTERM')
    expect(await runCommand(['restore', copy], settings)).toMatchObject({ code: 0 })

    expect(readdirSync(join(ofRoot, 'new'))).toEqual(['copy.db'])
    expect(statSync(copy)).toMatchObject({ uid: 0, mode: 0o100_600 })
    expect(ownersIn(DATA_DIR).filter((uid) => uid !== SERVICE)).toEqual([])
    expect(readdirSync(DATA_DIR)).not.toContain('mayfly-given.db')
    const next = await spawnServer(settings, {}, AS_SERVICE)
    expect((await fetch(`${next.url}/ready`)).status).toBe(200)
  },
  SLOW,
)

test.runIf(isRoot)(
  'what the owner of the data folder may not read of Plik is named with the remedy',
  async () => {
    const DATA_DIR = migratedFolder()
    chownSync(DATA_DIR, SERVICE, SERVICE)
    chownSync(join(DATA_DIR, 'mayfly.db'), SERVICE, SERVICE)
    const plik = givenPlik()

    const ended = await runCommand(['import-plik', '--database', plik.database, '--files', plik.files], { DATA_DIR })

    expect(ended).toEqual({
      code: 1,
      output: '',
      errors: `mayfly: uid ${SERVICE}, who owns the data folder, may not read ${plik.database}: \`setfacl -R -m u:${SERVICE}:rX FOLDER\` lets it, or copy it\n`,
    })
  },
  SLOW,
)

test.runIf(isRoot)(
  'another user is told the command to use, and so is a root that may not change its ids',
  async () => {
    const DATA_DIR = migratedFolder()
    chmodSync(DATA_DIR, 0o755)

    const stranger = await runCommand(['user', 'list'], { DATA_DIR }, AS_SERVICE)
    chownSync(DATA_DIR, SERVICE, SERVICE)
    const bound = ['setpriv', '--bounding-set=-setuid,-setgid']
    const powerless = await runCommand(['user', 'list'], { DATA_DIR }, bound)

    expect(stranger).toMatchObject({ code: 1, output: '' })
    expect(stranger.errors).toMatch(
      /^mayfly: uid 65534 may not use \S+ of uid 0: use `runuser -u root -- mayfly …`, or `docker compose exec --user 0 mayfly mayfly …` in a container\n$/,
    )
    expect(powerless).toMatchObject({ code: 1, output: '' })
    expect(powerless.errors).toMatch(
      /^mayfly: root may not work as uid 65534, who owns the data: use `runuser -u nobody -- mayfly/,
    )
  },
  SLOW,
)
