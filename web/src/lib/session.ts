import { computed, signal } from '@preact/signals'
import type { userJson } from '../../../server/accounts/account-shapes.ts'
import { call, json, serverConfig } from './api.ts'
import { impersonate, impersonated } from './impersonation.ts'
import { chooseLanguage, isKnownLanguage } from './language.ts'
import { configFor } from './limits.ts'
import { chooseTheme } from './theme.ts'

export type UserJson = ReturnType<typeof userJson>

/** The display name of a user. */
export const nameOf = ({ name, login, id }: UserJson): string => name || login || id

/** The logged-in user; null: not logged in; undefined: not known yet. While an administrator impersonates a user, it is that user. */
export const me = signal<UserJson | null | undefined>(undefined)

/** The server's settings, with the limits of the logged-in user. */
export const myConfig = computed(() => serverConfig.value && configFor(serverConfig.value, me.value))

/** Makes no request if there is no session. */
export async function loadMe(): Promise<void> {
  me.value = hasSession() ? await json<UserJson>('me').catch(() => null) : null
}

/** Scripts can't read the session cookie itself; this cookie is set and cleared together with it. */
const hasSession = (): boolean => /(?:^|; )plik-xsrf=/.test(document.cookie)

/** Throws `MayflyError`: 403 if the login or password is wrong. Applies the user's language and theme. */
export async function logIn(login: string, password: string): Promise<void> {
  await call('auth/local/login', { method: 'POST', body: JSON.stringify({ login, password }) })
  impersonate(undefined)
  await loadMe()
  const { language, theme } = me.value ?? {}
  if (isKnownLanguage(language)) chooseLanguage(language)
  if (theme) chooseTheme(theme)
}

/** The address of the login provider. Throws `MayflyError`: 503 if the provider can't be reached. */
export async function addressOfProvider(): Promise<string> {
  impersonate(undefined)
  return (await call('auth/oidc/login')).text
}

export async function logOut(): Promise<void> {
  impersonate(undefined)
  await call('auth/logout')
  me.value = null
}

/** Starts or ends the impersonation of a user. Throws `MayflyError`, and then nothing has changed. */
export async function lookAs(userId: string | undefined): Promise<void> {
  const before = impersonated.value
  impersonate(userId)
  try {
    me.value = await json<UserJson>('me')
  } catch (error) {
    impersonate(before)
    throw error
  }
}
