import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { jsonOf } from '../helpers/answers.ts'
import { type CreatedUpload, fileForm } from '../helpers/client.ts'
import { runCommand } from '../helpers/command-line.ts'
import { migratedFolder, temporaryFolder } from '../helpers/database.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'

/** `mayfly user|token|file` beside a server that runs, with Plik's flags (Plik §7). */

/** Each command is a process. */
const SLOW = 120_000

/** A running server, and commands on its settings. */
async function givenServer() {
  const settings = { DATA_DIR: temporaryFolder(), FEATURE_AUTHENTICATION: 'enabled' }
  const server = await spawnServer(settings)
  const mayfly = async (...args: string[]) => {
    const { code, output, errors } = await runCommand(args, settings)
    return { code, output, errors }
  }
  const json = async (...args: string[]) => JSON.parse((await mayfly(...args, '--json')).output)
  return { server, settings, mayfly, json }
}

const logIn = (server: SpawnedServer, login: string, password: string) =>
  fetch(`${server.url}/auth/local/login`, { method: 'POST', body: JSON.stringify({ login, password }) })

const upload = (server: SpawnedServer, headers: Record<string, string>, name = 'file.txt') => {
  const body = fileForm('hello', name)
  return fetch(`${server.url}/`, { method: 'POST', headers: { ...headers, Accept: 'application/json' }, body })
}

test(
  'the first administrator is made by the command that the start prints, with a password that is shown once',
  async () => {
    const { server, settings, mayfly } = await givenServer()

    const [, command = ''] = /none yet: mayfly (user create .*?)"/.exec(server.output()) ?? []
    const created = await mayfly(...command.split(' '))

    const [, password = ''] = /^Generated password for user admin is (\S{32})\n$/.exec(created.output) ?? []
    const session = await logIn(server, 'admin', password)
    const Cookie = session.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
    expect(await (await fetch(`${server.url}/me`, { headers: { Cookie } })).json()).toMatchObject({ admin: true })
    const next = await spawnServer(settings)
    expect(next.output()).not.toContain('none yet')
  },
  SLOW,
)

test(
  'users are made, listed, shown, changed by the flag, and deleted',
  async () => {
    const { server, mayfly, json } = await givenServer()
    const limits = ['--max-file-size', '100MB', '--max-user-size', '-1', '--max-ttl', '7d']
    await mayfly('user', 'create', '--login', 'grace', '--password', 'a long password', '--name', 'Grace', ...limits)
    await mayfly('user', 'create', '--provider', 'google', '--login', 'edith@example.org', '--admin')

    expect((await mayfly('user', 'list')).output).toMatch(
      /^ID +LOGIN +NAME +EMAIL +ADMIN +CREATED\nlocal:grace +grace +Grace +\d.*\ngoogle:edith@example.org +edith@example.org +yes +\d.*\n$/,
    )
    await mayfly('user', 'update', '--login', 'grace', '--email', 'g@example.org', '--admin=true')
    expect(await json('user', 'show', '--login', 'grace')).toMatchObject({
      name: 'Grace',
      email: 'g@example.org',
      admin: true,
      maxFileSize: 100_000_000,
      maxUserSize: -1,
      maxTTL: 604_800,
    })
    expect((await logIn(server, 'grace', 'a long password')).status).toBe(200)
    expect((await mayfly('user', 'delete', '--login', 'grace')).output).toBe('deleted local:grace\n')
    expect((await logIn(server, 'grace', 'a long password')).status).toBe(403)
    expect(await json('user', 'list')).toMatchObject([{ id: 'google:edith@example.org' }])
  },
  SLOW,
)

test(
  'tokens are made, named and revoked',
  async () => {
    const { server, mayfly, json } = await givenServer()
    await mayfly('user', 'create', '--login', 'grace')

    const token = (await mayfly('token', 'create', '--login', 'grace', '--comment', 'CI')).output.trim()
    expect((await upload(server, { 'X-PlikToken': token })).status).toBe(200)
    const [listed] = await json('token', 'list')
    expect(listed).toMatchObject({ user: 'local:grace', comment: 'CI' })
    expect(listed.token).not.toBe(token)
    await mayfly('token', 'delete', '--token', listed.token)
    expect((await upload(server, { 'X-PlikToken': token })).status).toBe(403)
    expect(await mayfly('token', 'delete', '--token', token)).toMatchObject({
      code: 1,
      errors: 'mayfly: token not found\n',
    })
  },
  SLOW,
)

test(
  'files are listed, shown with their address, and deleted one by one or all',
  async () => {
    const { server, mayfly, json } = await givenServer()
    const first = await jsonOf<CreatedUpload>(upload(server, {}, 'a b.txt'))
    const second = await jsonOf(upload(server, {}, 'second\u001b[2J.txt'))
    const file = { id: first.files?.[0]?.id as string }

    const table = (await mayfly('file', 'list')).output
    expect(table).toMatch(/^UPLOAD +FILE +STATUS +SIZE +CREATED +NAME\n/)
    expect(table).toContain('5 B')
    expect(table).not.toContain('\u001b')
    expect((await mayfly('file', 'list', '--human=false', '--upload', first.id)).output).toMatch(/ uploaded +5 +20/)
    const shown = await json('file', 'show', '--file', file.id)
    expect(shown).toMatchObject({ upload: first.id, fileName: 'a b.txt', fileSize: 5, status: 'uploaded' })
    expect(shown.url).toMatch(new RegExp(`/file/${first.id}/${file.id}/a%20b.txt$`))

    expect((await mayfly('file', 'delete', '--file', file.id)).code).toBe(0)
    expect((await fetch(`${server.url}/file/${first.id}/${file.id}/a%20b.txt`)).status).toBe(404)
    expect((await mayfly('file', 'delete', '--all')).code).toBe(1)
    expect((await fetch(`${server.url}/upload/${second.id}`)).status).toBe(200)
    expect((await mayfly('file', 'delete', '--all', '--yes')).output).toBe('2 uploads removed\n')
    expect((await fetch(`${server.url}/upload/${second.id}`)).status).toBe(404)
  },
  SLOW,
)

test(
  'all files with the same bytes are listed and deleted by their SHA-256, and no others',
  async () => {
    const { server, mayfly, json } = await givenServer()
    const other = await (await fetch(`${server.url}/b.txt`, { method: 'PUT', body: 'other' })).text()
    const copies = await Promise.all(
      ['a.txt', 'b.txt'].map((name) => jsonOf<{ links: string[] }>(upload(server, {}, name))),
    )
    const digest = createHash('sha256').update('hello').digest('hex')

    expect(await json('file', 'list', '--sha256', digest)).toHaveLength(2)
    expect((await mayfly('file', 'delete', '--sha256', digest.toUpperCase())).output).toBe('2 files removed\n')
    expect((await mayfly('file', 'delete', '--sha256', digest)).output).toBe('0 files removed\n')
    for (const { links } of copies) expect((await fetch(server.url + links[0])).status).toBe(404)
    expect(await (await fetch(other.trim())).text()).toBe('other')
  },
  SLOW,
)

test.each<[string[], number, string | RegExp]>([
  [
    ['user', 'frobnicate'],
    2,
    /^mayfly user: unknown command 'frobnicate'; allowed: create, update, list, show, delete\n$/,
  ],
  [['user', 'create'], 2, /^mayfly user create: required option '--login <name>' not specified/],
  [
    ['user', 'create', '--login', 'grace', '--max-ttl', 'soon'],
    2,
    /'--max-ttl <duration>' argument 'soon' is invalid. Allowed is a duration such as 12h/,
  ],
  [
    ['user', 'create', '--login', 'grace', '--colour', 'red'],
    2,
    /unknown option '--colour'; allowed: --login, --provider, .*--max-ttl/,
  ],
  [['user', 'show', '--login', 'nobody'], 1, 'mayfly: user not found\n'],
  [['token', 'create'], 2, /required option '--login <name>'/],
  [['file', 'delete'], 2, /^mayfly file delete: one of --file, --upload, --sha256 and --all must be given/],
  [['file', 'delete', '--sha256', 'abc'], 2, /A SHA-256 has 64 hexadecimal digits/],
  [['file', 'delete', '--all', '--file', 'x'], 2, /'--all' cannot be used with option '--file <id>'/],
  [['constructor'], 2, /^mayfly: unknown command 'constructor'; allowed: user, token, /],
])(
  'what can not be done is said, with an exit code: %j',
  async (args, code, message) => {
    const ended = await runCommand(args, { DATA_DIR: migratedFolder(), FEATURE_AUTHENTICATION: 'enabled' })

    expect(ended).toMatchObject({ code, output: '' })
    expect(ended.errors).toMatch(message)
  },
  SLOW,
)
