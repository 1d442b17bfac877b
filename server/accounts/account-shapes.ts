import { z } from 'zod'
import { caseless, optionalText as text } from '../lib/shapes.ts'
import type { ApiToken } from './api-token.ts'
import type { User } from './user.ts'
import type { NewUser, UserChanges } from './users.ts'

/** Accounts in JSON, as in Plik 1.3.8 and 1.4. Schema keys are in lower case, see `caseless`. */

export const LoginBody = caseless({ login: text, password: text })

export const ProfileBody = caseless({ name: text, email: text, theme: text, language: text }).transform((body) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)),
)

const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)
const int = z
  .int()
  .nullish()
  .transform((value) => value ?? 0)

const rights = { admin: flag, maxfilesize: int, maxusersize: int, maxttl: int }

const toRights = (body: { admin: boolean; maxfilesize: number; maxusersize: number; maxttl: number }) => ({
  isAdmin: body.admin,
  maxFileSizeBytes: body.maxfilesize,
  maxUserSizeBytes: body.maxusersize,
  maxTtlSeconds: body.maxttl,
})

export const NewUserBody = caseless({
  provider: text,
  login: text,
  password: text,
  name: text,
  email: text,
  ...rights,
}).transform(
  ({ provider = '', login = '', password, name, email, ...body }): NewUser => ({
    provider,
    login,
    password,
    name,
    email,
    ...toRights(body),
  }),
)

/** All fields of a user; an update replaces them all. */
export const UserBody = caseless({ id: text, password: text, name: text, email: text, ...rights }).transform(
  ({ id, password, name = '', email = '', ...body }) => {
    const changes: UserChanges = { password, name, email, ...toRights(body) }
    return { id, changes }
  },
)

export const TokenBody = caseless({ comment: text })

/** `plik --login`: begin, approve, poll. */
export const InitBody = caseless({ hostname: text })
export const ApproveBody = caseless({ code: text, comment: text })
export const PollBody = caseless({ code: text, secret: text })

/** A user as seen by the user and by administrators. */
export function userJson(user: User) {
  return {
    id: user.id,
    provider: user.provider,
    ...(user.login === '' ? {} : { login: user.login }),
    ...(user.name === '' ? {} : { name: user.name }),
    ...(user.email === '' ? {} : { email: user.email }),
    ...(user.theme === '' ? {} : { theme: user.theme }),
    ...(user.language === '' ? {} : { language: user.language }),
    admin: user.isAdmin,
    maxFileSize: user.maxFileSizeBytes,
    maxUserSize: user.maxUserSizeBytes,
    maxTTL: user.maxTtlSeconds,
    createdAt: new Date(user.createdAt).toISOString(),
  }
}

/** A token as its owner sees it later, with its id in place of the token. `token` itself is known at its creation only. */
export function tokenJson({ id, comment, createdAt }: ApiToken, token = id) {
  return { token, ...(comment === '' ? {} : { comment }), createdAt: new Date(createdAt).toISOString() }
}
