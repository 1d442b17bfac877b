import './thread-pool.ts'
import cluster from 'node:cluster'
import { type Config, readConfig } from './config.ts'
import { environmentWith } from './plik/plikd-environment.ts'
import { announce, serve } from './serve.ts'
import { superviseWorkers } from './workers.ts'

process.umask(0o077) // nothing that the server or a library writes is for other users of the machine
const config = readSettings()
if (config.workers === 1) announce(await serve(config), config)
else if (cluster.isPrimary) await superviseWorkers(config)
else await work()

/** The terminal sends SIGINT to every process of its group; a worker waits for what its supervisor says. */
async function work(): Promise<void> {
  const app = await serve(config, { deaf: ['SIGINT'] })
  if (cluster.worker?.id === 1) announce(app, config)
}

function readSettings(): Config {
  try {
    const tell = (line: string) => void (cluster.isPrimary && process.stderr.write(`${line}\n`))
    return readConfig(environmentWith(process.argv.slice(2), process.env, tell))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}
