#!/usr/bin/env node
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type App, createApp, databaseLocation } from './app.ts'
import { FILES_USAGE, filesCommand } from './cli-files.ts'
import { IMPORT_USAGE, importCommand } from './cli-import.ts'
import { JOBS_USAGE, jobsCommand } from './cli-jobs.ts'
import { STORE_USAGE, storeCommand } from './cli-store.ts'
import { TOKENS_USAGE, tokensCommand } from './cli-tokens.ts'
import { USERS_USAGE, usersCommand } from './cli-users.ts'
import { systemClock } from './clock.ts'
import { readConfig } from './config.ts'
import { restoreBackup, serversOn } from './database/backup.ts'
import { formatSize } from './format-size.ts'
import { fileAddresses } from './http/links.ts'
import { createLogger } from './logger.ts'

/**
 * `mayfly COMMAND`: the same services as the server, on the same settings; safe while servers run.
 * Exit codes: 0 done, 1 failed, 2 not understood.
 */

const USAGE = `Usage: mayfly COMMAND [--json]

Commands:
${USERS_USAGE}
${TOKENS_USAGE}
${FILES_USAGE}
  clean [--confirm]                 delete what is expired or removed, and what crashes left behind;
                                    --confirm: even if most stored files are unknown to the database
${STORE_USAGE}
${JOBS_USAGE}
${IMPORT_USAGE}
  backup [FILE]                     copy the database while it is used, to FILE or among the backups
  restore FILE [--force]            put a backup in the place of the database; servers must be stopped
  help                              show this text

Settings are the MAYFLY_… variables of the server. Logs go to standard error.
`

async function run(args: string[]): Promise<number> {
  try {
    const [command = 'help', ...rest] = args.filter((arg) => arg !== '--json')
    const asJson = args.includes('--json')
    if (command === 'help' || args.includes('--help') || args.includes('-h')) return print(USAGE)
    const done = await COMMANDS.get(command)?.(rest, asJson)
    if (done === undefined) throw new UsageError(`unknown command ${args.join(' ')}`)
    return done
  } catch (error) {
    process.stderr.write(`mayfly: ${error instanceof Error ? error.message : error}\n`)
    if (!isUsageError(error)) return 1
    process.stderr.write(`\n${USAGE}`)
    return 2
  }
}

class UsageError extends Error {}

const isUsageError = (error: unknown): boolean =>
  error instanceof UsageError || String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')

/** Each returns the exit code; undefined: not understood. */
const COMMANDS = new Map<string, (args: string[], asJson: boolean) => Promise<number | undefined>>([
  ['clean', async (args, asJson) => clean(args, asJson)],
  ['store', (args, asJson) => withApp((app) => storeCommand(args, { ownership: app.storeOwnership, asJson, print }))],
  ['user', (args, asJson) => withApp((app) => usersCommand(args, { ...app.accounts, ...app, asJson, print }))],
  ['token', (args, asJson) => withApp((app) => tokensCommand(args, { ...app.accounts, asJson, print }))],
  ['file', (args, asJson) => withApp((app) => filesCommand(args, { ...app, asJson, print }))],
  ['import-plik', (args, asJson) => withApp((app) => importCommand(args, { ...app, asJson, print }))],
  ['jobs', (args, asJson) => withApp((app) => jobsCommand(args, { engine: app.jobEngine, asJson, print }))],
  ['backup', async (args) => (args.length <= 1 ? withApp((app) => backUp(app, args[0])) : undefined)],
  ['restore', async (args) => restore(args)],
])

async function withApp<T>(use: (app: App & { baseUrl: string }) => Promise<T>): Promise<T> {
  const config = readConfig(process.env)
  const app = await createApp({ config, log: await createLogger({ ...config, logLevel: 'error' }, process.stderr) })
  const baseUrl = fileAddresses(config).downloadUrl ?? `http://${config.host}:${config.port}${config.pathPrefix}`
  try {
    return await use({ ...app, baseUrl })
  } finally {
    await app.close()
  }
}

async function clean(args: string[], asJson: boolean): Promise<number> {
  const { values } = parseArgs({ args, options: { confirm: { type: 'boolean' } } })
  const report = await withApp((app) => app.housekeeping.clean(values.confirm ? { maxPercent: 100 } : {}))
  return print(asJson ? `${JSON.stringify(report)}\n` : cleanText(report))
}

/** As many are kept as the job that ships keeps. */
async function backUp({ backups }: App, file?: string): Promise<number> {
  if (file === undefined) return print(`${(await backups.backUp({ keep: 7 })).file}\n`)
  await backups.backUpTo(resolve(file))
  return print(`${resolve(file)}\n`)
}

/** A server that was not seen for so long is gone. */
const SEEN_WITHIN_MS = 30_000

async function restore(args: string[]): Promise<number | undefined> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { force: { type: 'boolean' } } })
  const [file, ...rest] = positionals
  if (file === undefined || rest.length > 0) return undefined
  const location = databaseLocation(readConfig(process.env))
  const servers = values.force ? [] : await serversOn(location, systemClock() - SEEN_WITHIN_MS)
  if (servers.length > 0) throw new Error(`stop ${servers.join(', ')} first, or say --force if it is gone already`)
  await restoreBackup(resolve(file), location, systemClock)
  return print('restored; `mayfly jobs start check-links` finds files whose bytes are gone\n')
}

type Report = Awaited<ReturnType<App['housekeeping']['clean']>>

function cleanText(report: Report): string {
  const { expired, deletedFiles, freedBytes, deletedUploads, abandoned, unfinished, orphans } = report
  return `expired uploads   ${expired}
deleted files     ${deletedFiles} (${formatSize(freedBytes)})
deleted uploads   ${deletedUploads}
abandoned files   ${abandoned.files}
unfinished files  ${unfinished.count} (${formatSize(unfinished.bytes)})
orphaned blobs    ${orphans.blobs} (${formatSize(orphans.bytes)})
in quarantine     ${orphans.quarantined.blobs} more (${formatSize(orphans.quarantined.bytes)}), ${orphans.restored} restored
`
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

process.umask(0o077) // as the server
process.exitCode = await run(process.argv.slice(2))
