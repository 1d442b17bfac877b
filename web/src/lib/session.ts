import { computed, signal } from '@preact/signals'
import type { userJson } from '../../../server/accounts/account-shapes.ts'
import { call, json, serverConfig } from './api.ts'
import { impersonate, impersonated } from './impersonation.ts'
import { chooseLanguage, isKnownLanguage } from './language.ts'
import { configFor } from './limits.ts'
import { chooseTheme } from './theme.ts'

export type UserJson = ReturnType<typeof userJson>

/** What people call somebody. */
export const nameOf = ({ name, login, id }: UserJson): string => name || login || id

/** Who is logged in; null: nobody is; undefined: not known yet. While an administrator impersonates somebody, that somebody. */
export const me = signal<UserJson | null | undefined>(undefined)

/** The server's settings, with the limits of whoever is logged in. */
export const myConfig = computed(() => serverConfig.value && configFor(serverConfig.value, me.value))

/** Costs no request where nobody can be logged in. */
export async function loadMe(): Promise<void> {
  me.value = hasSession() ? await json<UserJson>('me').catch(() => null) : null
}

/** The session itself is in a cookie that scripts can't see; this one comes and goes with it. */
const hasSession = (): boolean => /(?:^|; )plik-xsrf=/.test(document.cookie)

/** Throws `MayflyError`: 403, no such login and password. The user's own language and theme are taken over. */
export async function logIn(login: string, password: string): Promise<void> {
  await call('auth/local/login', { method: 'POST', body: JSON.stringify({ login, password }) })
  impersonate(undefined)
  await loadMe()
  const { language, theme } = me.value ?? {}
  if (isKnownLanguage(language)) chooseLanguage(language)
  if (theme) chooseTheme(theme)
}

/** Where people log in elsewhere. Throws `MayflyError`: 503, nobody answers there. */
export async function addressOfProvider(): Promise<string> {
  impersonate(undefined)
  return (await call('auth/oidc/login')).text
}

export async function logOut(): Promise<void> {
  impersonate(undefined)
  await call('auth/logout')
  me.value = null
}

/** Looks through somebody else's eyes, or one's own again. Throws `MayflyError`, and then nothing has changed. */
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
