import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { remembered } from './browser-storage.ts'

export const LANGUAGES = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof LANGUAGES

const stored = remembered('language')
export const isKnownLanguage = (code: string | undefined): code is Language => code !== undefined && code in LANGUAGES

function preferred(): Language {
  const chosen = stored.get()
  if (isKnownLanguage(chosen)) return chosen
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isKnownLanguage) ?? 'en'
}

export const language = signal<Language>(preferred())

/** Changes the language now and for later visits. */
export function chooseLanguage(code: Language): void {
  stored.set(code)
  language.value = code
}

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en'
})

/** A text, or a function that inserts values into one. */
type Text = string | ((...values: never[]) => string)
type Dictionary = Record<string, Text>
/** A translation with the same keys and parameters. A missing or additional key does not compile. */
type Translated<T extends Dictionary> = {
  [Key in keyof T]: T[Key] extends (...values: infer Values) => string ? (...values: Values) => string : string
}

/** The texts of one part of the page in the current language. They are loaded together with that part. */
export function texts<T extends Dictionary>(en: T, zh: Translated<T>): ReadonlySignal<Translated<T>> {
  return computed(() => (language.value === 'zh' ? zh : (en as unknown as Translated<T>)))
}

/** `plural(3, 'file', 'files')`: English has two forms, Chinese one. */
export const plural = (count: number, one: string, other: string): string => `${count} ${count === 1 ? one : other}`
