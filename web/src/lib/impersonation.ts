import { signal } from '@preact/signals'
import { remembered } from './browser-storage.ts'

const stored = remembered('impersonated', () => sessionStorage)

/** Id of the user whom an administrator impersonates in this tab. */
export const impersonated = signal<string | undefined>(stored.get())

/** All later requests act as that user; undefined ends the impersonation. */
export function impersonate(userId: string | undefined): void {
  stored.set(userId)
  impersonated.value = userId
}
