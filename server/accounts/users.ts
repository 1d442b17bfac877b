import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { assertLogin, assertPassword, assertText, knownProvider } from './account-rules.ts'
import { hashPassword } from './passwords.ts'
import { type Account, type User, userIdOf } from './user.ts'
import type { UsersRepo } from './users-repo.ts'

/** A user to be; what is left out is empty, and for limits the server's. */
export interface NewUser {
  provider: string
  login: string
  /** Of local users only. */
  password?: string | undefined
  name?: string | undefined
  email?: string | undefined
  isAdmin?: boolean | undefined
  maxFileSizeBytes?: number | undefined
  maxUserSizeBytes?: number | undefined
  maxTtlSeconds?: number | undefined
}

/** What a user may change about himself. */
export type Profile = Partial<Pick<User, 'name' | 'email' | 'theme' | 'language'>>

interface Dependencies {
  repo: UsersRepo
  clock: Clock
}

export type Users = ReturnType<typeof createUsers>

/** Who has an account. */
export function createUsers({ repo, clock }: Dependencies) {
  /** Throws `bad_request`: no such provider, or a login or password that can't be; `conflict`: there is one already. */
  async function create({ password = '', login, ...rest }: NewUser): Promise<User> {
    const { name = '', email = '', isAdmin = false } = rest
    const provider = because('unable to create user', () => {
      const known = knownProvider(rest.provider)
      assertLogin(login)
      if (known === 'local') assertPassword(password)
      assertText('name', name)
      assertText('email', email)
      return known
    })
    const account: Account = {
      id: userIdOf(provider, login),
      provider,
      login,
      name,
      email,
      isAdmin,
      maxFileSizeBytes: rest.maxFileSizeBytes ?? 0,
      maxUserSizeBytes: rest.maxUserSizeBytes ?? 0,
      maxTtlSeconds: rest.maxTtlSeconds ?? 0,
      theme: '',
      language: '',
      createdAt: clock(),
      passwordHash: provider === 'local' ? await hashPassword(password) : null,
    }
    if (await repo.insertUser(account)) return account
    throw new AppError('conflict', `user ${account.id} exists already`)
  }

  const find = (id: string): Promise<User | undefined> => repo.findUser(id)

  /** Throws `not_found`. */
  async function get(id: string): Promise<User> {
    const user = await repo.findUser(id)
    if (!user) throw new AppError('not_found', 'user not found')
    return user
  }

  /** Throws `not_found`; `bad_request`: a text that can't be. */
  async function changeProfile(id: string, changes: Profile): Promise<User> {
    const account = await repo.findUser(id)
    if (!account) throw new AppError('not_found', 'user not found')
    for (const [field, text] of Object.entries(changes)) assertText(field, text)
    const changed = { ...account, ...changes }
    await repo.updateUser(changed)
    return changed
  }

  return { create, find, get, changeProfile }
}

/** Says first what can't be done, then why, as Plik does. */
function because<T>(what: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `${what} : ${error.message}`)
    throw error
  }
}
