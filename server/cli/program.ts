import { Command, type CommanderError, type HelpConfiguration } from 'commander'
import { VERSION } from '../lib/version.ts'
import type { Runner } from './command.ts'
import { addDatabaseCommands } from './database.ts'
import { addFileCommands } from './files.ts'
import { addImportCommands } from './import-plik.ts'
import { addJobCommands } from './jobs.ts'
import { addStoreCommands } from './store.ts'
import { addTokenCommands } from './tokens.ts'
import { addUserCommands } from './users.ts'

/** Thrown by commander to end: after help or the version, or for an invalid command line. */
export class Ending extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message = '') {
    super(message)
    this.exitCode = exitCode
  }
}

const NOT_UNDERSTOOD = 2

/** Exit codes of the process. */
export const EXIT_CODES = '0 success, 1 failed or rejected, 2 invalid command line'

/** Every command of `mayfly` with its options and help. Its `parseAsync` throws an `Ending` if there is nothing to run. */
export function createProgram(runner: Runner, help: HelpConfiguration = {}): Command {
  const program = new Command('mayfly')
    .description('Uses the same services and settings (MAYFLY_…) as the server; safe while servers are running.')
    .version(VERSION, '-V, --version', 'print the version')
    .option('--json', 'print JSON; logs and messages go to standard error')
    .helpOption('-h, --help', 'print the help of a command')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: true, ...help })
    .configureOutput({ outputError: () => {} }) // `endWith` has the message
    .addHelpText('after', `\nExit codes: ${EXIT_CODES}.`)
  addUserCommands(program, runner)
  addTokenCommands(program, runner)
  addFileCommands(program, runner)
  addJobCommands(program, runner)
  addStoreCommands(program, runner)
  addDatabaseCommands(program, runner)
  addImportCommands(program, runner)
  for (const command of commandsOf(program)) command.helpCommand(command === program).exitOverride(endWith(command))
  return program
}

/** A command and all its subcommands. */
export const commandsOf = (command: Command): Command[] => [command, ...command.commands.flatMap(commandsOf)]

const endWith = (command: Command) => (error: CommanderError) => {
  if (error.exitCode === 0) throw new Ending(0)
  throw new Ending(NOT_UNDERSTOOD, misunderstanding(command, error))
}

/** Describes the mistake, and the allowed values. */
function misunderstanding(command: Command, { code, message }: CommanderError): string {
  if (code === 'commander.help') return '' // the help was printed
  const { parent } = command
  const [unknown] = command.args
  const isByDefault = parent?.parent && parent.args[0] !== command.name()
  if (isByDefault && code === 'commander.excessArguments')
    return withAllowed(parent, `unknown command '${unknown}'`, namesIn(parent))
  const said = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  if (code === 'commander.unknownCommand') return withAllowed(command, said, namesIn(command))
  if (code === 'commander.unknownOption') return withAllowed(command, said, optionsOf(command))
  return `${pathOf(command)}: ${said}; see \`${pathOf(command)} --help\``
}

const withAllowed = (command: Command, said: string, allowed: string[]): string =>
  `${pathOf(command)}: ${said}; allowed: ${allowed.join(', ')}`

const namesIn = (command: Command): string[] => command.commands.map((one) => one.name())

function optionsOf(command: Command): string[] {
  const help = command.createHelp()
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
  return options.flatMap(({ long }) => long ?? [])
}

/** For example `mayfly user create`. */
export const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
