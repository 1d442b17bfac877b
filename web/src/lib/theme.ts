import { effect, signal } from '@preact/signals'
import { remembered } from './browser-storage.ts'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const stored = remembered('theme')

/** Light, dark, or the setting of the device. */
export const theme = signal<Theme>(knownTheme(stored.get()))

/** Unknown names select the setting of the device. */
export function chooseTheme(name: string): void {
  theme.value = knownTheme(name)
}

function knownTheme(name: string | undefined): Theme {
  return THEMES.find((known) => known === name) ?? 'auto'
}

effect(() => {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
  stored.set(theme.value === 'auto' ? undefined : theme.value)
})
