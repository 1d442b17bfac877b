import { effect, signal } from '@preact/signals'
import type { MayflyError } from '../../../client/src/errors.ts'
import type { Parameters } from '../../../server/errors/sentence.ts'
import { language } from './language.ts'
import { commonTexts } from './texts/common.ts'

const chinese = signal<typeof import('./refusals-zh.ts') | undefined>(undefined)

effect(() => {
  if (language.value === 'zh') void loadChinese()
})

async function loadChinese(): Promise<void> {
  const loaded = await import('./refusals-zh.ts').catch(() => undefined) // without a connection it is loaded again later
  chinese.value ??= loaded
}

/** Removed from messages: the form already shows what failed. */
const PLIKS_BEGINNING = /^unable to create (?:upload|file) : /

/** The server's error message in the current language. Without a translation it is the text of the status, with the server's message. */
export function refusalText({ status, detail, code, parameters }: MayflyError): string {
  const words = detail.replace(PLIKS_BEGINNING, '')
  if (language.value === 'en') return words
  if (!chinese.value) void loadChinese()
  return chinese.value?.translate(code, parameters as Parameters) ?? commonTexts.value.refused(words, status)
}

/** Translates texts that the server stored in English. Texts written by administrators have no translation and stay as they are. */
export function spoken(words: string): string {
  return language.value === 'en' ? words : (chinese.value?.translateHistory(words) ?? words)
}
