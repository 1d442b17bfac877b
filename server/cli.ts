#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { formatSize } from './format-size.ts'
import { createLogger } from './logger.ts'

/**
 * `mayfly COMMAND`: the same services as the server, on the same settings; safe while servers run.
 * Exit codes: 0 done, 1 failed, 2 not understood.
 */

const USAGE = `Usage: mayfly COMMAND [--json]

Commands:
  clean   delete what is expired or removed, and what crashes left behind
  help    show this text

Settings are the MAYFLY_… variables of the server. Logs go to standard error.
`

async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    const [command = 'help', ...rest] = positionals
    if (values.help || command === 'help') return print(USAGE)
    if (command === 'clean' && rest.length === 0) return await clean(values.json ?? false)
    throw new UsageError(`unknown command ${positionals.join(' ')}`)
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

async function clean(asJson: boolean): Promise<number> {
  const config = readConfig(process.env)
  const app = await createApp({ config, log: createLogger({ ...config, logLevel: 'error' }, process.stderr) })
  try {
    const report = await app.housekeeping.clean()
    return print(asJson ? `${JSON.stringify(report)}\n` : cleanText(report))
  } finally {
    await app.close()
  }
}

type Report = Awaited<ReturnType<Awaited<ReturnType<typeof createApp>>['housekeeping']['clean']>>

function cleanText(report: Report): string {
  const { expired, deletedFiles, freedBytes, deletedUploads, abandoned, unfinished, orphans } = report
  return `expired uploads   ${expired}
deleted files     ${deletedFiles} (${formatSize(freedBytes)})
deleted uploads   ${deletedUploads}
abandoned files   ${abandoned.files}
unfinished files  ${unfinished.count} (${formatSize(unfinished.bytes)})
orphaned blobs    ${orphans.blobs} (${formatSize(orphans.bytes)})
`
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

process.exitCode = await run(process.argv.slice(2))
