import { effect, signal } from '@preact/signals'
import { remembered } from './remembered.ts'

const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const stored = remembered('theme')

/** Light, dark, or as the device is set. */
export const theme = signal<Theme>(THEMES.find((known) => known === stored.get()) ?? 'auto')

effect(() => {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
  stored.set(theme.value === 'auto' ? undefined : theme.value)
})
