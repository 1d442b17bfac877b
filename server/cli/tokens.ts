import type { Command } from 'commander'
import { tokenJson } from '../accounts/account-shapes.ts'
import type { ApiToken } from '../accounts/api-token.ts'
import { type User, userIdOf } from '../accounts/user.ts'
import { everyRow } from '../lib/paging.ts'
import type { Answer, Runner, Services } from './command.ts'
import { table } from './table.ts'
import { provider } from './users.ts'

/** `mayfly token …`, with the flags of Plik's server. */
export function addTokenCommands(program: Command, { withServices }: Runner): void {
  const token = program.command('token').description('API tokens, with which programs upload for a user')
  token
    .command('create')
    .description('create a token for a user; it is printed only once')
    .requiredOption('--login <name>', 'the name of the user')
    .addOption(provider())
    .option('--comment <text>', 'the purpose of the token', '')
    .action(withServices(create))
  token
    .command('list', { isDefault: true })
    .description('list all tokens by their ids, or those of one user (default)')
    .option('--login <name>', 'only tokens of this user')
    .addOption(provider())
    .action(withServices(list))
  token
    .command('delete')
    .description('revoke a token')
    .requiredOption('--token <id>', 'its id, or the token itself')
    .action(withServices(remove))
}

interface Owner {
  login: string
  provider: User['provider']
}

async function create(
  { users, tokens }: Services,
  { comment, ...owner }: Owner & { comment: string },
): Promise<Answer> {
  const created = await tokens.create(await users.get(userIdOf(owner.provider, owner.login)), comment)
  return { json: listedJson(created, created.token), text: `${created.token}\n` }
}

async function list({ users, tokens }: Services, { login, provider }: Partial<Owner>): Promise<Answer> {
  const user = login === undefined ? undefined : await users.get(userIdOf(provider ?? 'local', login))
  const all = await Array.fromAsync(everyRow((paging) => tokens.list(user, paging)))
  return {
    json: all.map((token) => listedJson(token)),
    text: table(['ID', 'USER', 'CREATED', 'COMMENT'], all.map(rowOf)),
  }
}

const listedJson = (token: ApiToken, secret?: string) => ({ ...tokenJson(token, secret), user: token.userId })

const rowOf = ({ id, userId, createdAt, comment }: ApiToken): string[] => [
  id,
  userId,
  new Date(createdAt).toISOString().slice(0, 10),
  comment,
]

async function remove({ tokens }: Services, { token }: { token: string }): Promise<Answer> {
  await tokens.revoke(undefined, token)
  return { json: { deleted: true }, text: 'deleted\n' }
}
