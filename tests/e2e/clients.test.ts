import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { createApp } from '../../server/app.ts'
import { readConfig } from '../../server/config/config.ts'
import { createLogger } from '../../server/lib/logger.ts'
import { sharedServer } from '../helpers/spawn-server.ts'
import { type Exchange, replay } from './clients/replay.ts'

/** Plik's clients work unchanged: what each of them sends is answered as Plik answers it, field by field. */

const FOLDER = join(import.meta.dirname, '../fixtures/exchanges')

const exchanges = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Exchange)

const titled = (wanted: (exchange: Exchange) => boolean) =>
  exchanges.filter(wanted).map((exchange) => [`${exchange.client}: ${exchange.scenario}`, exchange] as const)

describe('on a server with Plik’s defaults', () => {
  const server = sharedServer()

  test.for(titled(({ settings }) => Object.keys(settings).length === 0))('%s', ([, exchange]) =>
    replay(exchange, server.url()),
  )
})

describe('on a server with users', () => {
  const settings = { FEATURE_AUTHENTICATION: 'enabled', FEATURE_EXTEND_TTL: 'enabled' }
  const server = sharedServer(settings)

  test.for(titled((exchange) => Object.keys(exchange.settings).length > 0))('%s', async ([, exchange]) => {
    const given = exchange.needs?.includes('apiToken') ? { apiToken: await apiToken(server.dataDir()) } : {}
    await replay(exchange, server.url(), given)
  })
})

/** Of a user whom somebody made at the machine itself, while the server runs. */
async function apiToken(dataDir: string): Promise<string> {
  const config = readConfig({ MAYFLY_DATA_DIR: dataDir, MAYFLY_LOG_LEVEL: 'silent' })
  const app = await createApp({ config, log: await createLogger(config) })
  try {
    const user = await app.accounts.users.create({ provider: 'local', login: 'anna', password: 'correct horse' })
    return (await app.accounts.tokens.create(user, 'plik')).token
  } finally {
    await app.close()
  }
}
