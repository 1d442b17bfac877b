#!/usr/bin/env node
import { createRequire } from 'node:module'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { createClient } from '../src/client.ts'
import { MayflyError } from '../src/errors.ts'
import { parseLink } from '../src/links.ts'
import { exitCodeOf, Interruption, messageOf } from './failure.ts'
import { type GetOptions, get } from './get.ts'
import { list, type RequestOptions, remove, request } from './manage.ts'
import { type SendOptions, send } from './send.ts'
import { noServer, readSettings, settingsPath } from './settings.ts'

/** The program `mayfly-send`: parses the command line, calls one function, and ends with its exit code. */

const ended = new AbortController()
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

for (const [signal, exitCode] of Object.entries(SIGNALS))
  process.on(signal, () => {
    if (ended.signal.aborted) process.exit(exitCode) // a second signal ends the program without cleanup
    ended.abort(new Interruption(exitCode))
  })

async function contextOf({ server: given }: { server?: string }) {
  const { server, token } = await readSettings(given)
  const ownServer = (): string => {
    if (server === undefined) throw noServer()
    return server
  }
  /** The token is sent to the configured server only, even if the link leads to another server. */
  const clientFor = (link: string) =>
    createClient(server === undefined ? { url: parseLink(link).server } : { url: server, ...(token ? { token } : {}) })
  return { clientFor, server: ownServer, signal: ended.signal }
}

/** Looked up by package name, because the source and the built files are in different folders. */
function versionOfPackage(): string {
  const { version } = createRequire(import.meta.url)('mayfly-client/package.json') as { version: string }
  return version
}

const count = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}

const program = new Command('mayfly-send')
  .description('Send files to a Mayfly server and download them. Interrupted transfers are resumed.')
  .version(versionOfPackage(), '-V, --version', 'print the version')
  .showHelpAfterError('(see --help)')
  .exitOverride()
  .addHelpText(
    'after',
    `
The server is read from --server, MAYFLYSEND_SERVER, or {"server": "https://…", "token": "…"} in ${settingsPath()};
the token of an account from MAYFLYSEND_TOKEN or that file.
Exit codes: 0 done · 1 failed · 2 wrong command · 3 no connection: the same command continues · 130 and 143 interrupted`,
  )

const command = (name: string, description: string, options: { isDefault?: boolean } = {}) =>
  program.command(name, options).description(description).option('--server <url>', 'address of the server')

command('send', 'send files and folders, or with "-" the standard input, and print the link', { isDefault: true })
  .argument('<file...>', 'files, folders, or -')
  .option('--ttl <time>', 'how long it stays, such as 12h or 7d; unlimited where the server allows it')
  .option('--one-shot', 'each file can be downloaded once')
  .option('--max-downloads <count>', 'each file can be downloaded this many times', count)
  .option('--password', 'ask for a password that recipients need')
  .option('--password-file <file>', 'read that password from a file')
  .option('--encrypt', 'encrypt before sending; the key is in the link; photos and videos keep their metadata')
  .option('--removable', 'anyone with the link can delete it')
  .option('--message <text>', 'a message for the recipients, Markdown')
  .option('--name <name>', 'of the file from the standard input', 'stdin')
  .option('--keep-pictures', 'send pictures unchanged, with their GPS position')
  .option('--to <link>', 'send as a guest, to the link of a file request')
  .option('--qr', 'show the link as a QR code, too')
  .option('--json', 'print the details of the upload as JSON')
  .action(async (paths: string[], options: SendOptions & { server?: string }) => {
    const context = await contextOf(options)
    const server = options.to === undefined ? context.server() : parseLink(options.to).server
    await send(paths, options, { ...context, server, client: context.clientFor(options.to ?? server) })
  })

command('get', 'download what links lead to; with "-" the links are read from the standard input, one on each line')
  .argument('<link...>', 'of uploads, files or archives, or -')
  .option('-o, --output <folder>', 'target folder; - for standard output', '.')
  .option('--zip', 'all files of an upload as one archive')
  .option('--wait', 'wait for files that are still being uploaded')
  .option('--password', 'ask for the password at once')
  .option('--password-file <file>', 'read the password from a file')
  .option('--json', 'print what was saved as JSON, one line for each file')
  .action(async (links: string[], options: GetOptions & { server?: string }) =>
    get(links, options, await contextOf(options)),
  )

program
  .command('list')
  .description('list uploads sent from this machine that have not expired')
  .option('--json', 'as JSON')
  .action(list)

command('rm', 'remove uploads, or single files of them')
  .argument('<target...>', 'links, or ids of what was sent from here')
  .action(async (targets: string[], options: { server?: string }) => remove(targets, await contextOf(options)))

command('request', 'print a link by which others add files to an upload')
  .argument('[target]', 'link or id of the upload; a new one unless given')
  .option('--title <text>', 'your name, and what you ask for')
  .option('--message <text>', 'more about it')
  .option('--max-files <count>', 'how many files are accepted', count)
  .option('--ttl <time>', 'how long it is open, such as 12h or 7d')
  .option('--json', 'print the details of the request as JSON')
  .action(async (target: string | undefined, options: RequestOptions & { server?: string }) =>
    request(target, options, await contextOf(options)),
  )

function tell(error: unknown): void {
  if (error instanceof CommanderError) return // commander has already printed it
  const { code, status }: Partial<MayflyError> = error instanceof MayflyError ? error : {}
  const isForPrograms = process.argv.includes('--json')
  const detail = messageOf(error)
  console.error(isForPrograms ? JSON.stringify({ error: { code, status, detail } }) : `mayfly-send: ${detail}`)
}

try {
  if (process.argv.length === 2) program.help({ error: true })
  await program.parseAsync()
} catch (error) {
  tell(error)
  process.exit(exitCodeOf(error)) // an open pipe would keep the process running
}
