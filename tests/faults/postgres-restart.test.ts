import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { type SpawnedServer, spawnServer, untilTwoAnswer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

/** `POSTGRES_RESTARTS=30 npx vitest run --project sqlite tests/faults/postgres-restart.test.ts` */
const RESTARTS = Number(process.env.POSTGRES_RESTARTS ?? 4)
const CLIENTS = 6

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function givenPostgres(): Promise<PostgresServer> {
  const postgres = await startPostgres({ isDurable: true })
  onTestFinished(postgres.stop)
  return postgres
}

/** What clients were told. */
interface Told {
  /** Link → SHA-256 of what was acknowledged. */
  files: Map<string, string>
  refusals: Set<string>
}

/** Uploads, reads and one-shot downloads, until `signal` aborts. */
async function load({ url }: SpawnedServer, told: Told, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const bytes = randomBytes(2_000)
    const link = await textOf(told, fetch(`${url}/x.bin`, { method: 'PUT', body: bytes }))
    if (link === undefined) continue
    told.files.set(link.trim(), sha256(bytes))
    await textOf(told, fetch(link.trim()))
    const once = await textOf(told, fetch(`${url}/x.bin?oneShot=true`, { method: 'PUT', body: bytes }))
    if (once !== undefined) await textOf(told, fetch(once.trim()))
  }
}

/** Undefined: it was refused, or cut in the middle of the answer, as a download is that can't be claimed to its end. */
async function textOf(told: Told, asked: Promise<Response>): Promise<string | undefined> {
  const answer = await asked
  if (answer.ok) return answer.text().catch(() => undefined)
  told.refusals.add(`${answer.status} ${answer.headers.get('retry-after')} ${await answer.text()}`)
  await sleep(20)
  return undefined
}

async function restart(postgres: PostgresServer): Promise<void> {
  await postgres.crash()
  await postgres.start()
}

const diedWorkers = (server: SpawnedServer) => server.logs().filter(({ msg }) => msg === 'a worker died')

describe.skipIf(!isInstalled('postgres'))('a restart of PostgreSQL', () => {
  test('under load loses nothing that was acknowledged and stops no process; until then requests get Retry-After', {
    timeout: 60_000 + RESTARTS * 10_000,
  }, async () => {
    const postgres = await givenPostgres()
    const server = await spawnServer({ DATABASE_URL: `${postgres.url}/postgres`, WORKERS: '2' })
    await untilTwoAnswer(server)
    const told: Told = { files: new Map(), refusals: new Set() }
    const stop = new AbortController()
    const clients = Array.from({ length: CLIENTS }, () => load(server, told, stop.signal))

    for (let count = 0; count < RESTARTS; count += 1) {
      const before = told.files.size
      await restart(postgres)
      await waitFor(() => expect(told.files.size).toBeGreaterThan(before + CLIENTS))
    }
    stop.abort()
    await Promise.all(clients)

    expect(diedWorkers(server)).toEqual([])
    expect([...told.refusals]).toEqual(['503 2 the database does not answer, please try again\n'])
    for (const [link, digest] of told.files) expect(sha256(await (await fetch(link)).bytes())).toBe(digest)
    expect(await server.kill('SIGTERM')).toBe(0)
  })
})
