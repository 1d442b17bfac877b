/**
 * What jobs wrote into their history, in another language: it is stored in English, with the descriptions of jobs among it
 * that administrators may have changed, so it is found again by its sentence. Pure, and the page uses it.
 *
 * `{name}` in a sentence stands for whatever was put in; `{reason}` is a sentence of its own.
 */
export type HistorySentences = Readonly<Record<string, string>>

export type TranslateHistory = (sentence: string) => string | undefined

const HOLE = /\{(\w+)(?::\w+)?\}/g

/** Undefined where nothing is known of it. */
export function createHistoryTranslator(sentences: HistorySentences): TranslateHistory {
  const known = Object.entries(sentences)
    .map(([english, translated]) => ({
      pattern: patternOf(english),
      translated,
      weight: english.replace(HOLE, '').length,
    }))
    .sort((a, b) => b.weight - a.weight) // who says more is meant rather

  function translate(sentence: string): string | undefined {
    for (const { pattern, translated } of known) {
      const found = pattern.exec(sentence)
      if (found) return translated.replace(HOLE, (_, name: string) => filled(name, found.groups?.[name] ?? ''))
    }
    return undefined
  }

  const filled = (name: string, text: string): string => (name === 'reason' ? (translate(text.trim()) ?? text) : text)

  return translate
}

/** What a sentence of the history looks like once something was put in. */
export function patternOf(sentence: string): RegExp {
  const parts = sentence.split(HOLE).map((part, index) => (index % 2 === 0 ? escaped(part) : `(?<${part}>.*)`))
  return new RegExp(`^${parts.join('')}$`, 's')
}

/** `RegExp.escape`, which browsers have only lately. */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
