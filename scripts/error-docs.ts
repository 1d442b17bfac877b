import { readFileSync, writeFileSync } from 'node:fs'
import { ERRORS } from '../server/errors/catalogue.ts'
import { STATUS } from '../server/http/statuses.ts'

/** Generates the table of all errors in `docs/api.md`, between these two lines. */

const START = '<!-- Written by `npm run docs` from server/errors. Change it there. -->'
const END = '<!-- The end of what is written. -->'

const FILE = new URL('../docs/api.md', import.meta.url)

/** Returns `docs/api.md` with the current errors. */
export function withErrors(markdown: string): string {
  const [before = '', rest = ''] = markdown.split(START)
  const [, after = ''] = rest.split(END)
  return `${before}${START}\n\n${table()}\n\n${END}${after}`
}

function table(): string {
  const rows = Object.entries(ERRORS)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, [kind, sentence]]) => `| \`${id}\` | ${STATUS[kind]} | ${escaped(sentence.replaceAll(':size}', '}'))} |`)
  return ['| code | status | meaning, with its parameters in braces |', '|---|---|---|', ...rows].join('\n')
}

const escaped = (text: string): string => text.replace(/[|<]/g, '\\$&')

if (import.meta.main) writeFileSync(FILE, withErrors(readFileSync(FILE, 'utf8')))
