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
  const loaded = await import('./refusals-zh.ts').catch(() => undefined) // without a connection it is asked for again later
  chinese.value ??= loaded
}

/** Who looks at the form knows what could not be done. */
const PLIKS_BEGINNING = /^unable to create (?:upload|file) : /

/** What the server said, in the language of the moment. Where that has no words for it, the status has, with the server's beside it. */
export function refusalText({ status, detail, code, parameters }: MayflyError): string {
  const words = detail.replace(PLIKS_BEGINNING, '')
  if (language.value === 'en') return words
  if (!chinese.value) void loadChinese()
  return chinese.value?.translate(code, parameters as Parameters) ?? commonTexts.value.refused(words, status)
}

/** What the server wrote down for people, and administrators may have written themselves: that stays as it is. */
export function spoken(words: string): string {
  return language.value === 'en' ? words : (chinese.value?.translateHistory(words) ?? words)
}
