import type { Clock } from '../lib/clock.ts'
import { AppError, because } from '../lib/errors.ts'
import type { Page, Paging } from '../lib/paging.ts'
import { assertLogin, assertPassword, assertText, knownProvider, type Limits, shownText } from './account-rules.ts'
import { hashPassword } from './passwords.ts'
import type { Sessions } from './sessions.ts'
import { type Account, type User, type UserFilter, type UserSort, userIdOf } from './user.ts'
import type { UsersRepo } from './users-repo.ts'

/** A new user; omitted texts are empty, omitted limits are the server's. */
export interface NewUser {
  provider: string
  login: string
  /** Only for local users. */
  password?: string | undefined
  name?: string | undefined
  email?: string | undefined
  isAdmin?: boolean | undefined
  maxFileSizeBytes?: number | undefined
  maxUserSizeBytes?: number | undefined
  maxTtlSeconds?: number | undefined
}

/** A person as described by the provider; `subject` never changes. */
export type Newcomer = Pick<User, 'provider' | 'login' | 'name' | 'email'> & { subject: string }

/** Fields of their own account that users may change. */
export type Profile = Partial<Pick<User, 'name' | 'email' | 'theme' | 'language'>>

/** Fields of a user that can be changed; omitted ones are kept. */
export type UserChanges = Partial<Pick<NewUser, 'password' | 'name' | 'email' | 'isAdmin' | keyof Limits>>

interface UpdateBy {
  /** False: users change their own account. */
  isAdmin?: boolean
  /** The token of a session that is not ended. */
  keepSession?: string | undefined
}

const MIN_SEARCH_BYTES = 2

interface Dependencies {
  repo: UsersRepo
  endSessions: Sessions['endAll']
  clock: Clock
}

export type Users = ReturnType<typeof createUsers>

/** User accounts. */
export function createUsers({ repo, endSessions, clock }: Dependencies) {
  /** Throws `bad_request`: unknown provider, or an invalid login or password; `conflict`: the user exists already. */
  async function create({ password = '', login, ...rest }: NewUser): Promise<User> {
    const { name = '', email = '', isAdmin = false } = rest
    const provider = because('unable to create user : ', () => {
      const known = knownProvider(rest.provider)
      assertLogin(login)
      if (known === 'local') assertPassword(password)
      assertText('name', name)
      assertText('email', email)
      return known
    })
    const limits = {
      maxFileSizeBytes: rest.maxFileSizeBytes ?? 0,
      maxUserSizeBytes: rest.maxUserSizeBytes ?? 0,
      maxTtlSeconds: rest.maxTtlSeconds ?? 0,
    }
    const passwordHash = provider === 'local' ? await hashPassword(password) : null
    const account = {
      ...emptyAccount(userIdOf(provider, login)),
      provider,
      login,
      name,
      email,
      isAdmin,
      ...limits,
      passwordHash,
    }
    if (await repo.insertUser(account)) return account
    throw new AppError('user_exists', { id: account.id })
  }

  /**
   * Returns the account of a person who logged in at a provider; creates it at the first login. Throws `bad_request` for
   * an invalid subject.
   */
  async function join({ provider, subject, ...person }: Newcomer): Promise<User> {
    assertText('subject', subject)
    const id = userIdOf(provider, subject)
    const texts = { login: shownText(person.login), name: shownText(person.name), email: shownText(person.email) }
    await repo.insertUser({ ...emptyAccount(id), provider, ...texts })
    return get(id)
  }

  const emptyAccount = (id: string): Account => ({
    id,
    provider: 'local',
    login: '',
    name: '',
    email: '',
    isAdmin: false,
    maxFileSizeBytes: 0,
    maxUserSizeBytes: 0,
    maxTtlSeconds: 0,
    theme: '',
    language: '',
    createdAt: clock(),
    passwordHash: null,
  })

  const find = (id: string): Promise<User | undefined> => repo.findUser(id)

  /** Throws `not_found`. */
  async function get(id: string): Promise<User> {
    const user = await repo.findUser(id)
    if (!user) throw new AppError('user_not_found')
    return user
  }

  /** Throws `not_found`; `bad_request`: an invalid text. */
  async function changeProfile(id: string, changes: Profile): Promise<User> {
    for (const [field, text] of Object.entries(changes)) assertText(field, text)
    return change(id, changes)
  }

  /**
   * Changes by an administrator, or by users to their own account. Only accounts that have a password can get a new one,
   * which ends all sessions except that of `keepSession`. Throws `not_found`; `bad_request`: an invalid value;
   * `forbidden`: a user who is not an administrator would get more rights.
   */
  async function update(
    id: string,
    { password, ...rest }: UserChanges,
    { isAdmin = true, keepSession }: UpdateBy = {},
  ): Promise<User> {
    const user = await get(id)
    const changes = definedOnly(rest)
    if (!isAdmin) assertNoGrant(user, { ...user, ...changes })
    because('unable to update user : ', () => {
      assertText('name', changes.name ?? '')
      assertText('email', changes.email ?? '')
      if (password) assertPassword(password)
    })
    if (!password || user.provider !== 'local') return change(id, changes)
    const changed = await change(id, { ...changes, passwordHash: await hashPassword(password) })
    await endSessions(id, keepSession)
    return changed
  }

  async function change(id: string, changes: Partial<Account>): Promise<User> {
    const changed = await repo.updateUser(id, changes)
    if (!changed) throw new AppError('user_not_found')
    return changed
  }

  const list = (filter: UserFilter, paging: Paging<UserSort>): Promise<Page<User>> => repo.listUsers(filter, paging)

  /** Throws `bad_request` if the text is too short. */
  async function search(text: string, filter: UserFilter, limit: number): Promise<User[]> {
    if (Buffer.byteLength(text) < MIN_SEARCH_BYTES) {
      throw new AppError('search_too_short', { min: MIN_SEARCH_BYTES })
    }
    return repo.searchUsers(text, filter, limit)
  }

  const count = (): Promise<number> => repo.countUsers()

  /** Also deletes sessions and tokens. Throws `not_found`. */
  async function remove(id: string): Promise<void> {
    if (!(await repo.deleteUser(id))) throw new AppError('user_not_found')
  }

  return { create, join, find, get, changeProfile, update, list, search, count, remove }
}

/** Plik lets any user raise their own limit of the total size (1.3.8). */
function assertNoGrant(user: User, changes: User): void {
  if (changes.isAdmin && !user.isAdmin) throw new AppError('cannot_grant_admin')
  const limits = ['maxFileSizeBytes', 'maxUserSizeBytes', 'maxTtlSeconds'] as const
  if (limits.some((limit) => changes[limit] !== user[limit])) throw new AppError('cannot_change_own_limits')
}

/** Leaves out undefined fields, which would overwrite values. */
const definedOnly = <T extends object>(changes: T) =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<Account>
