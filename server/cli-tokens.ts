import { parseArgs } from 'node:util'
import { knownProvider } from './accounts/account-rules.ts'
import { tokenJson } from './accounts/account-shapes.ts'
import type { ApiToken } from './accounts/api-token.ts'
import type { Tokens } from './accounts/tokens.ts'
import { type User, userIdOf } from './accounts/user.ts'
import type { Users } from './accounts/users.ts'
import { AppError } from './errors.ts'
import { everyRow } from './paging.ts'
import { table } from './table.ts'

/** `mayfly token …`, with the flags of Plik's server. */

export const TOKENS_USAGE = `  token create --login NAME [--comment TEXT]   a key for a program of this user; shown this once
  token list [--login NAME]         who has which; tokens are named by their ids
  token delete --token ID           by its id, or the token itself`

interface Command {
  users: Users
  tokens: Tokens
  asJson: boolean
  print: (text: string) => void
}

const OPTIONS = {
  provider: { type: 'string', default: 'local' },
  login: { type: 'string' },
  comment: { type: 'string', default: '' },
  token: { type: 'string' },
} as const

/** Returns the exit code; undefined: not understood. */
export async function tokensCommand(args: string[], command: Command): Promise<number | undefined> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS })
  const [verb = 'list', ...rest] = positionals
  if (rest.length > 0) return undefined
  const { users } = command
  const user =
    values.login === undefined ? undefined : await users.get(userIdOf(knownProvider(values.provider), values.login))
  if (verb === 'list') return list(command, user)
  if (verb === 'create') return create(command, required(user, 'token create needs --login'), values.comment)
  if (verb === 'delete') return remove(command, required(values.token, 'token delete needs --token'))
  return undefined
}

function required<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new AppError('bad_request', message)
  return value
}

async function create({ tokens, asJson, print }: Command, user: User, comment: string): Promise<number> {
  const created = await tokens.create(user, comment)
  print(asJson ? `${JSON.stringify(listedJson(created, created.token))}\n` : `${created.token}\n`)
  return 0
}

async function list({ tokens, asJson, print }: Command, user: User | undefined): Promise<number> {
  const all = await Array.fromAsync(everyRow((paging) => tokens.list(user, paging)))
  if (asJson) print(`${JSON.stringify(all.map((token) => listedJson(token)))}\n`)
  else print(table(['ID', 'USER', 'CREATED', 'COMMENT'], all.map(rowOf)))
  return 0
}

const listedJson = (token: ApiToken, secret?: string) => ({ ...tokenJson(token, secret), user: token.userId })

const rowOf = ({ id, userId, createdAt, comment }: ApiToken): string[] => [
  id,
  userId,
  new Date(createdAt).toISOString().slice(0, 10),
  comment,
]

async function remove({ tokens, print }: Command, token: string): Promise<number> {
  await tokens.revoke(undefined, token)
  print('deleted\n')
  return 0
}
