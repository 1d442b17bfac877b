import { signal } from '@preact/signals'
import { remembered } from './browser-storage.ts'

const stored = remembered('impersonated', () => sessionStorage)

/** Id of the user through whose eyes an administrator looks, in this tab. */
export const impersonated = signal<string | undefined>(stored.get())

/** From here on the server answers as that user; undefined: as oneself again. */
export function impersonate(userId: string | undefined): void {
  stored.set(userId)
  impersonated.value = userId
}
