import { type Command, Option } from 'commander'
import { userJson } from '../accounts/account-shapes.ts'
import { PROVIDERS, type User, userIdOf } from '../accounts/user.ts'
import type { UserChanges } from '../accounts/users.ts'
import { parseDurationSeconds, parseSize } from '../config/units.ts'
import { formatSize } from '../lib/format-size.ts'
import { newToken } from '../lib/ids.ts'
import { everyRow } from '../lib/paging.ts'
import { type Answer, type Runner, read, type Services, yesOrNo } from './command.ts'
import { table } from './table.ts'

/** The options of `mayfly user …` and `mayfly token …` that identify a user, as in Plik's server. */
export const provider = (): Option =>
  new Option('--provider <name>', 'where the user logs in; `local` is this server').choices(PROVIDERS).default('local')

const login = (): Option => new Option('--login <name>', 'the name of the user at the provider').makeOptionMandatory()

/** `mayfly user …`, with the flags of Plik's server. */
export function addUserCommands(program: Command, { withServices }: Runner): void {
  const user = program.command('user').description('users, their limits, and who is an administrator')
  changeable(user.command('create').addOption(login()).addOption(provider()))
    .description('create a user; prints a generated password if none is given for a local user')
    .action(withServices(create))
  changeable(user.command('update').addOption(login()).addOption(provider()))
    .description('change only the given values of a user; a new password ends all sessions')
    .action(withServices(update))
  user.command('list', { isDefault: true }).description('list all users (default)').action(withServices(list))
  user
    .command('show')
    .description('one user')
    .addOption(login())
    .addOption(provider())
    .action(withServices(async ({ users }, chosen: Chosen) => userAnswer(await users.get(idOf(chosen)))))
  user
    .command('delete')
    .description('delete a user with all uploads and tokens')
    .addOption(login())
    .addOption(provider())
    .action(withServices(remove))
}

function changeable(command: Command): Command {
  const size = read(limit(parseSize), 'a size such as 100MB or 1GiB, 0 or -1')
  const duration = read(limit(parseDurationSeconds), 'a duration such as 12h or 7d, 0 or -1')
  return command
    .option('--password <text>', 'password of a local user')
    .option('--name <text>', 'display name')
    .option('--email <address>', 'the mail address')
    .addOption(new Option('--admin [true|false]', 'make the user an administrator').preset('true').argParser(yesOrNo))
    .option('--no-admin', 'revoke administrator rights')
    .option('--max-file-size <size>', "the largest file; 0: the server's limit, -1: no limit", size)
    .option('--max-user-size <size>', 'total size of the files of the user; 0 and -1 as above', size)
    .option('--max-ttl <duration>', 'maximum lifetime of uploads of the user; 0 and -1 as above', duration)
}

const limit = (parse: (text: string) => number | undefined) => (text: string) => {
  const value = parse(text)
  return value === Number.POSITIVE_INFINITY ? -1 : value
}

interface Chosen {
  login: string
  provider: User['provider']
}

interface Changes {
  password?: string
  name?: string
  email?: string
  admin?: boolean
  maxFileSize?: number
  maxUserSize?: number
  maxTtl?: number
}

const idOf = (chosen: Chosen): string => userIdOf(chosen.provider, chosen.login)

function changesIn({ password, name, email, admin, maxFileSize, maxUserSize, maxTtl }: Changes): UserChanges {
  const changes = {
    password,
    name,
    email,
    isAdmin: admin,
    maxFileSizeBytes: maxFileSize,
    maxUserSizeBytes: maxUserSize,
    maxTtlSeconds: maxTtl,
  }
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}

async function create({ users }: Services, { login, provider, ...changes }: Chosen & Changes): Promise<Answer> {
  const isMadeUp = changes.password === undefined && provider === 'local'
  const password = isMadeUp ? newToken() : changes.password
  const created = await users.create({ provider, login, ...changesIn(changes), password })
  return {
    json: { ...userJson(created), ...(isMadeUp ? { password } : {}) },
    text: isMadeUp ? `Generated password for user ${login} is ${password}\n` : `created ${created.id}\n`,
  }
}

const update = async ({ users }: Services, options: Chosen & Changes): Promise<Answer> =>
  userAnswer(await users.update(idOf(options), changesIn(options)))

async function list({ users }: Services): Promise<Answer> {
  const all = await Array.fromAsync(everyRow((paging) => users.list({}, paging)))
  return { json: all.map(userJson), text: table(['ID', 'LOGIN', 'NAME', 'EMAIL', 'ADMIN', 'CREATED'], all.map(rowOf)) }
}

const rowOf = ({ id, login, name, email, isAdmin, createdAt }: User): string[] => [
  id,
  login,
  name,
  email,
  isAdmin ? 'yes' : '',
  new Date(createdAt).toISOString().slice(0, 10),
]

async function remove({ removal }: Services, chosen: Chosen): Promise<Answer> {
  const id = idOf(chosen)
  await removal.remove(id)
  return { json: { deleted: id }, text: `deleted ${id}\n` }
}

const userAnswer = (user: User): Answer => ({ json: userJson(user), text: userText(user) })

function userText(user: User): string {
  return `id             ${user.id}
login          ${user.login}
name           ${user.name}
email          ${user.email}
admin          ${user.isAdmin ? 'yes' : 'no'}
max file size  ${limitText(user.maxFileSizeBytes, formatSize)}
max user size  ${limitText(user.maxUserSizeBytes, formatSize)}
max ttl        ${limitText(user.maxTtlSeconds, (seconds) => `${seconds} s`)}
created        ${new Date(user.createdAt).toISOString()}
`
}

function limitText(own: number, format: (value: number) => string): string {
  if (own === 0) return "the server's"
  return own < 0 ? 'none' : format(own)
}
