/**
 * Refusals in another language. The API says what went wrong in English, always the same, since programs look for its
 * words; for people those are found again here, as gettext does it: the English sentence is the key. Pure, and the page
 * uses it too.
 *
 * `{name}` in a sentence stands for whatever was put in. `{reason}` is a sentence of its own and is translated as well,
 * `{field}` the name of something that was filled in.
 */
export interface Catalogue {
  sentences: Readonly<Record<string, string>>
  /** Names of fields, as they stand in front of what is wrong with them. */
  fields: Readonly<Record<string, string>>
}

export type Translate = (sentence: string) => string | undefined

const HOLE = /\{(\w+)\}/g

/** Undefined where the catalogue has nothing to say. */
export function createTranslator({ sentences, fields }: Catalogue): Translate {
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
    return translatedProblems(sentence)
  }

  function filled(name: string, text: string): string {
    if (name === 'reason') return translate(text.trim()) ?? text
    return name === 'field' ? fieldName(text) : text
  }

  /** What is wrong with several fields, as zod's findings are put together. */
  function translatedProblems(sentence: string): string | undefined {
    const problems = sentence.split(NEXT_PROBLEM).map((problem) => {
      const { path = '', reason = '' } = PROBLEM.exec(problem)?.groups ?? {}
      const translated = reason === sentence ? undefined : translate(reason)
      return translated && (path === '' ? translated : `${fieldName(path)}：${translated}`)
    })
    return problems.includes(undefined) ? undefined : problems.join('；')
  }

  /** `steps.0.name`: people count from one. */
  const fieldName = (path: string): string =>
    path
      .split(/[./]/)
      .map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : (fields[part] ?? part)))
      .join(' ')

  return translate
}

/** Our own lists, and Fastify's of what a route does not take: `name: …; cron: …` and `body/name …, body/cron …`. */
const NEXT_PROBLEM = /; |, (?=(?:body|params|querystring)\/)/
const PROBLEM = /^(?:(?:body|params|querystring)\/(?<path>[\w/]*) |(?<path>[\w.]*): )?(?<reason>.+)$/s

/** What a sentence of the catalogue looks like once something was put in. */
export function patternOf(sentence: string): RegExp {
  const parts = sentence.split(HOLE).map((part, index) => (index % 2 === 0 ? escaped(part) : `(?<${part}>.*)`))
  return new RegExp(`^${parts.join('')}$`, 's')
}

/** `RegExp.escape`, which browsers have only lately. */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
