/**
 * Translates job history, which is stored in English and includes descriptions of jobs that administrators may have
 * changed; so translations are found by the English sentence. Pure, and used by the page. `{name}` in a sentence matches
 * any inserted value; `{reason}` is a complete sentence.
 */
export type HistorySentences = Readonly<Record<string, string>>

export type TranslateHistory = (sentence: string) => string | undefined

const HOLE = /\{(\w+)(?::\w+)?\}/g

/** Returns undefined if the sentence has no translation. */
export function createHistoryTranslator(sentences: HistorySentences): TranslateHistory {
  const known = Object.entries(sentences)
    .map(([english, translated]) => ({
      pattern: patternOf(english),
      translated,
      weight: english.replace(HOLE, '').length,
    }))
    .sort((a, b) => b.weight - a.weight) // the sentence with more fixed text is the better match

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

/** A pattern that matches a sentence of the history with inserted values. */
export function patternOf(sentence: string): RegExp {
  const parts = sentence.split(HOLE).map((part, index) => (index % 2 === 0 ? escaped(part) : `(?<${part}>.*)`))
  return new RegExp(`^${parts.join('')}$`, 's')
}

/** `RegExp.escape`, which older browsers lack. */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
