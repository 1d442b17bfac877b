import { readFileSync, writeFileSync } from 'node:fs'

/** Generates the tables of options and results in `docs/client.md` from the client's types and their comments. */

const START = '<!-- Written by `npm run docs` from client/src. Change it there. -->'
const END = '<!-- The end of what is written. -->'

const FILE = new URL('../docs/client.md', import.meta.url)
const TYPES: [file: string, name: string][] = [
  ['client', 'ClientOptions'],
  ['upload', 'UploadOptions'],
  ['send-files', 'UploadHooks'],
  ['download', 'DownloadOptions'],
  ['retry', 'RetryOptions'],
  ['file-requests', 'FileRequestOptions'],
  ['upload-info', 'UploadInfo'],
  ['upload-info', 'FileInfo'],
]

/** Returns `docs/client.md` with the current types. */
export function withTypes(markdown: string): string {
  const [before = '', rest = ''] = markdown.split(START)
  const [, after = ''] = rest.split(END)
  return `${before}${START}\n\n${TYPES.map(([file, name]) => tableOf(file, name)).join('\n\n')}\n\n${END}${after}`
}

function tableOf(file: string, name: string): string {
  const source = readFileSync(new URL(`../client/src/${file}.ts`, import.meta.url), 'utf8')
  const [, bases, body] =
    new RegExp(`\\nexport interface ${name} (?:extends ([^{]*) )?\\{\\n(.*?)\\n\\}`, 's').exec(source) ?? []
  if (body === undefined) throw new Error(`client/src/${file}.ts has no interface ${name}`)
  const rows = [...body.matchAll(MEMBER)].map(
    ([, comment = '', member, optional, type = '']) =>
      `| \`${member}${optional}\` | \`${escaped(type)}\` | ${escaped(textOf(comment))} |`,
  )
  const intro = bases === undefined ? [] : [`With all of ${bases}.`, '']
  return [`### ${name}`, '', ...intro, '| name | type | meaning |', '|---|---|---|', ...rows].join('\n')
}

/** A property on a single line, with the comment above it. */
const MEMBER = /(?: {2}\/\*\*((?:(?!\*\/).)*)\*\/\n)? {2}(?:readonly )?(\w+)(\??): ([^\n]*)/gs

const textOf = (comment: string): string => comment.replace(/\n\s*\* ?/g, ' ').trim()

const escaped = (text: string): string => text.replaceAll('|', '\\|')

if (import.meta.main) writeFileSync(FILE, withTypes(readFileSync(FILE, 'utf8')))
