import './thread-pool.ts'
import cluster from 'node:cluster'
import { type Config, readConfig } from './config/config.ts'
import { createLogger, logWarnings } from './lib/logger.ts'
import { environmentWith } from './plik/plikd-environment.ts'
import { announce, serve } from './serve.ts'
import { superviseWorkers } from './workers.ts'

process.umask(0o077) // files that the server or a library writes must not be readable by other users of the machine
/** How users call commands in this installation; npm sets `npm_lifecycle_event` for the scripts that it runs. */
const command = process.env.npm_lifecycle_event === undefined ? 'mayfly' : 'npm exec mayfly --'
const notes: string[] = []
const config = readSettings()
const log = await createLogger(config)
logWarnings(log)
if (cluster.isPrimary) for (const note of notes) log.warn(note)
if (config.workers === 1) await announce(await serve(config, log), config, log, command)
else if (cluster.isPrimary) await superviseWorkers(config, log)
else await work()

/** A terminal sends SIGINT to every process of its group, so workers ignore it and wait for a signal from the supervisor. */
async function work(): Promise<void> {
  const app = await serve(config, log, { deaf: ['SIGINT'] })
  if (cluster.worker?.id === 1) await announce(app, config, log, command)
}

function readSettings(): Config {
  try {
    return readConfig(environmentWith(process.argv.slice(2), process.env, (note) => notes.push(note)))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}
