import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { commandsOf, createProgram, EXIT_CODES, pathOf } from '../server/cli/program.ts'

/** Generates `docs/commands.md`. */
export function commandsMarkdown(): string {
  const nothing = () => async () => {}
  const help = { helpWidth: 110, showGlobalOptions: false }
  const program = createProgram({ withPlace: nothing, withServices: nothing }, help)
  const commands = commandsOf(program).filter((command) => command.commands.length === 0)
  return [INTRODUCTION, helpOf(program), ...commands.map(section)].join('\n')
}

const section = (command: Command): string => `## ${pathOf(command)}\n\n${helpOf(command)}`

const helpOf = (command: Command): string => `\`\`\`\n${command.helpInformation().trimEnd()}\n\`\`\`\n`

const INTRODUCTION = `# Commands

<!-- Written by \`npm run docs\` from the help of the commands in server/cli. Change it there. -->

\`mayfly\` uses the same settings, database and files as the server, and may run while it serves. How it is called:

| where the server runs | the command |
|---|---|
| \`npm start\` in a clone | \`npm exec mayfly -- user list\`, in the same folder and with the same \`MAYFLY_…\` variables |
| [systemd](deployment.md#systemd) | \`sudo mayfly user list\` |
| Docker | \`docker exec mayfly mayfly user list\` |
| Compose | \`docker compose exec mayfly mayfly user list\`, \`docker compose --profile scale exec replica mayfly user list\` |

- **User.** Root works as the owner of the data folder, so that the server can read what a command writes. A file that root names is
  read and written as root (\`backup FILE\`, \`restore FILE\`, \`import-plik --config FILE\`). Any user but root and the owner is refused.
- **Database.** A command refuses to work on a database that is not there, which means that its settings are not those of the server.
  \`migrate\`, \`restore\` and a start of the server make one. Without \`MAYFLY_DATA_DIR\` the command says which database it uses.
- **Output.** Results go to standard output, as text or with \`--json\` as one line of JSON; everything else goes to standard error.
- **Exit codes.** ${EXIT_CODES}.

\`user\`, \`token\`, \`file\`, \`jobs\` and \`store\` have commands below them; \`list\`, or \`show\` of \`store\`, may be left out.
`

if (import.meta.main) writeFileSync(new URL('../docs/commands.md', import.meta.url), commandsMarkdown())
