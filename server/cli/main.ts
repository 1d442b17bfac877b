#!/usr/bin/env node
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type App, createApp, databaseLocation } from '../app.ts'
import { readConfig } from '../config/config.ts'
import { isThere } from '../database/migrate.ts'
import { fileAddresses, listeningUrl } from '../http/links.ts'
import { createLogger } from '../lib/logger.ts'
import { startProblem } from '../start-problem.ts'
import { type Answer, databaseText, type Place, type Services } from './command.ts'
import { workAsOwner } from './data-owner.ts'
import { createProgram, Ending } from './program.ts'

/** `mayfly COMMAND`. `docs/commands.md` is made from its help. */

async function run(args: string[]): Promise<number> {
  let exitCode = 0
  const action =
    <On>(open: (use: (on: On) => Promise<Answer>) => Promise<Answer>) =>
    (work: (on: On, ...given: never[]) => Promise<Answer>) =>
    async (...given: unknown[]) => {
      const answer = await open((on) => work(on, ...(given as never[])))
      const { json } = (given.at(-1) as Command).optsWithGlobals()
      process.stdout.write(json ? `${JSON.stringify(answer.json)}\n` : answer.text)
      exitCode = answer.exitCode ?? 0
    }
  const program = createProgram({ withPlace: action(withPlace), withServices: action(withServices) })
  try {
    await program.parseAsync(args.length > 0 ? args : ['--help'], { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof Ending)) return fail(`mayfly: ${error instanceof Error ? error.message : error}`, 1)
    return error.message === '' ? error.exitCode : fail(error.message, error.exitCode)
  }
}

function fail(message: string, exitCode: number): number {
  process.stderr.write(`${message}\n`)
  return exitCode
}

/** Nothing is opened before this process works as the owner of the data. */
async function withPlace(use: (place: Place) => Promise<Answer>): Promise<Answer> {
  const config = readConfig(process.env)
  const location = databaseLocation(config)
  const folder = resolve(config.dataDir)
  if (!process.env.MAYFLY_DATA_DIR)
    process.stderr.write(`mayfly: MAYFLY_DATA_DIR is not set: data in ${folder}, database ${databaseText(location)}\n`)
  const file = location.kind === 'sqlite' ? [location.file] : []
  return use({ config, location, identity: workAsOwner([folder, ...file, resolve(folder, 'files')]) })
}

const withServices = (use: (services: Services) => Promise<Answer>): Promise<Answer> =>
  withPlace(async (place) => {
    const app = await open(place).catch((error: unknown) => {
      throw new Error(startProblem(error, place.config) ?? (error as Error).message, { cause: error })
    })
    const { config } = place
    const baseUrl = fileAddresses(config).downloadUrl ?? listeningUrl(config)
    try {
      return await use({ ...app, ...app.accounts, ...place, baseUrl })
    } finally {
      await app.close()
    }
  })

/** On a new database a command would do nothing useful, and hide that the settings differ from the server's. */
async function open({ config, location }: Place): Promise<App> {
  if (!(await isThere(location)))
    throw new Error(
      `there is no Mayfly database at ${databaseText(location)}: set MAYFLY_DATA_DIR or MAYFLY_DATABASE_URL as for the server; \`mayfly migrate\` creates a new one`,
    )
  return createApp({ config, log: await createLogger({ ...config, logLevel: 'error' }, process.stderr) })
}

process.umask(0o077) // as the server
process.exitCode = await run(process.argv.slice(2))
