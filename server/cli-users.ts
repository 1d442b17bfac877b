import { parseArgs } from 'node:util'
import type { AccountRemoval } from './accounts/account-removal.ts'
import { knownProvider } from './accounts/account-rules.ts'
import { userJson } from './accounts/account-shapes.ts'
import { type User, userIdOf } from './accounts/user.ts'
import type { UserChanges, Users } from './accounts/users.ts'
import { AppError } from './errors.ts'
import { formatSize } from './format-size.ts'
import { newToken } from './ids.ts'
import { everyRow } from './paging.ts'
import { table } from './table.ts'
import { parseDurationSeconds, parseSize } from './units.ts'

/** `mayfly user …`, with the flags of Plik's server. */

export const USERS_USAGE = `  user create --login NAME          add a user; says the password that it made up when none is given
  user update --login NAME          change what is given, and nothing else
      [--password …] [--name …] [--email …] [--admin | --no-admin]
      [--max-file-size 100MB] [--max-user-size 1GB] [--max-ttl 7d]      0: the server's limit, -1: none
  user list                         all users
  user show --login NAME            one of them
  user delete --login NAME          with all uploads and tokens
      [--provider local]            of another provider than this server itself`

interface Command {
  users: Users
  removal: AccountRemoval
  asJson: boolean
  print: (text: string) => void
}

const OPTIONS = {
  provider: { type: 'string', default: 'local' },
  login: { type: 'string' },
  password: { type: 'string' },
  name: { type: 'string' },
  email: { type: 'string' },
  admin: { type: 'boolean' },
  'max-file-size': { type: 'string' },
  'max-user-size': { type: 'string' },
  'max-ttl': { type: 'string' },
} as const

/** Returns the exit code; undefined: not understood. */
export async function usersCommand(args: string[], command: Command): Promise<number | undefined> {
  const { values, positionals } = parseArgs({
    args: asPlik(args),
    allowPositionals: true,
    allowNegative: true,
    options: OPTIONS,
  })
  const [verb = 'list', ...rest] = positionals
  if (rest.length > 0) return undefined
  if (verb === 'list') return list(command)
  const { login, provider } = values
  if (!['create', 'show', 'update', 'delete'].includes(verb)) return undefined
  if (login === undefined) throw new AppError('bad_request', `user ${verb} needs --login`)
  const id = userIdOf(knownProvider(provider), login)
  if (verb === 'create') return create(command, { provider, login, ...changesIn(values) })
  if (verb === 'show') return show(command, await command.users.get(id))
  if (verb === 'update') return show(command, await command.users.update(id, changesIn(values)))
  return remove(command, id)
}

/** Go's ways to say no and to give a negative number, which `parseArgs` takes for something else. */
function asPlik(args: string[]): string[] {
  const text = args.join('\n').replace(/^(--max-[a-z-]+)\n-1$/gm, '$1=-1')
  return text
    .replace(/^--admin=true$/gm, '--admin')
    .replace(/^--admin=false$/gm, '--no-admin')
    .split('\n')
}

type Values = { [name in keyof typeof OPTIONS]?: string | boolean | undefined }

function changesIn(values: Values): UserChanges {
  const text = (name: keyof Values) => values[name] as string | undefined
  const changes = {
    password: text('password'),
    name: text('name'),
    email: text('email'),
    isAdmin: values.admin as boolean | undefined,
    maxFileSizeBytes: limit('max-file-size', text('max-file-size'), parseSize),
    maxUserSizeBytes: limit('max-user-size', text('max-user-size'), parseSize),
    maxTtlSeconds: limit('max-ttl', text('max-ttl'), parseDurationSeconds),
  }
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}

function limit(flag: string, text: string | undefined, parse: (text: string) => number | undefined) {
  if (text === undefined) return undefined
  const value = parse(text)
  if (value === undefined) throw new AppError('bad_request', `--${flag} ${text} can't be read, see \`mayfly help\``)
  return value === Number.POSITIVE_INFINITY ? -1 : value
}

async function create(command: Command, { password, ...user }: Parameters<Users['create']>[0]): Promise<number> {
  const isMadeUp = password === undefined && user.provider === 'local'
  const chosen = isMadeUp ? newToken() : password
  const created = await command.users.create({ ...user, password: chosen })
  if (command.asJson)
    command.print(`${JSON.stringify({ ...userJson(created), ...(isMadeUp ? { password: chosen } : {}) })}\n`)
  else if (isMadeUp) command.print(`Generated password for user ${user.login} is ${chosen}\n`)
  else command.print(`created ${created.id}\n`)
  return 0
}

async function list({ users, asJson, print }: Command): Promise<number> {
  const all = await Array.fromAsync(everyRow((paging) => users.list({}, paging)))
  if (asJson) print(`${JSON.stringify(all.map(userJson))}\n`)
  else print(table(['ID', 'LOGIN', 'NAME', 'EMAIL', 'ADMIN', 'CREATED'], all.map(rowOf)))
  return 0
}

const rowOf = ({ id, login, name, email, isAdmin, createdAt }: User): string[] => [
  id,
  login,
  name,
  email,
  isAdmin ? 'yes' : '',
  new Date(createdAt).toISOString().slice(0, 10),
]

async function show({ asJson, print }: Command, user: User): Promise<number> {
  if (asJson) print(`${JSON.stringify(userJson(user))}\n`)
  else print(userText(user))
  return 0
}

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

async function remove({ removal, print }: Command, id: string): Promise<number> {
  await removal.remove(id)
  print(`deleted ${id}\n`)
  return 0
}
