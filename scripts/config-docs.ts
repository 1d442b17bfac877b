import { writeFileSync } from 'node:fs'
import { settingDocs, settingGroups } from '../server/config/settings.ts'

/** Generates `docs/configuration.md`. */
export function configurationMarkdown(): string {
  const groups = Object.entries(settingGroups).map(([title, settings]) => {
    const rows = Object.values(settings).map((setting) => row(settingDocs.get(setting)))
    return [`## ${title}`, '', '| setting | default | allowed | meaning |', '|---|---|---|---|', ...rows, ''].join('\n')
  })
  return `${INTRODUCTION}\n${groups.join('\n')}`
}

const INTRODUCTION = `# Configuration

<!-- Written by \`node scripts/config-docs.ts\` from server/config/settings.ts. Change it there. -->

Mayfly is set up by environment variables. None is needed: without any, it serves http://127.0.0.1:8080, with its database
and files in \`./data\`. A server on the internet, behind a proxy on the same machine, might use this; save it as
\`mayfly.env\` and start with \`node --env-file=mayfly.env server/main.ts\`:

\`\`\`sh
MAYFLY_DATA_DIR=/var/lib/mayfly
MAYFLY_PUBLIC_URL=https://files.example.org
MAYFLY_SOURCE_IP_HEADER=X-Forwarded-For
MAYFLY_MAX_FILE_SIZE=2GB
MAYFLY_DEFAULT_TTL=7d
MAYFLY_MAX_TTL=30d
MAYFLY_ABUSE_CONTACT=abuse@example.org
\`\`\`

The server does not start with a setting that it does not know or can't read; it prints one line for each of them.
An empty value is the same as none.

- **Sizes**: \`500MB\`, \`10GB\`, \`1.5TB\`. Units count in thousands as on a disk's label (\`10GB\` is 10 000 000 000 bytes), or in
  1024s with an \`i\` (\`10GiB\` is 10 737 418 240). The \`B\` may be left out, case does not matter, a bare number is bytes.
- **Durations**: \`90s\`, \`12h\`, \`30d\`, \`1h30m\`, up to 1000 years. Units are \`ms\`, \`s\`, \`m\`, \`h\`, \`d\` and \`w\` (week); a bare number is seconds.
- **No limit**: \`unlimited\`, or \`-1\` as in Plik.
- **Features**: \`disabled\` refuses it, \`enabled\` offers it, \`default\` offers it and the page has it switched on, \`forced\` always applies it.
- **Kubernetes**: a service named \`mayfly\` makes Kubernetes set \`MAYFLY_PORT\` and others of its own. Set \`enableServiceLinks: false\`.
`

type SettingDoc = ReturnType<typeof settingDocs.get>

function row(doc: SettingDoc): string {
  if (!doc) throw new Error('a setting without documentation')
  const fallback = doc.fallback === '' ? '' : `\`${doc.fallback}\``
  return `| \`${doc.name}\` | ${fallback} | ${doc.allowed} | ${doc.meaning} |`
}

if (import.meta.main) writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationMarkdown())
