import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../server/database/open-database.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { startPostgres } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { head, type RawClient, rawClient } from '../helpers/raw-client.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'
import { waitUntil } from '../helpers/wait.ts'
import { createResumable, offsetOf, patch } from '../server/resumable/tus-requests.ts'

/** A process that stands still, as on a machine that is suspended or swaps, and resumes when others have continued without it. */

const MIB = 1024 * 1024
const LENGTH = 8 * MIB
const NOTED = 4 * MIB
/** Less than a batch of the store: the process that is frozen has it in its hands. */
const IN_HAND = 100_000

const DATABASES = [
  ['SQLite', true],
  ['PostgreSQL', isInstalled('postgres') !== undefined],
] as const

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const download = async (link: string, { url }: SpawnedServer): Promise<string> =>
  sha256(await (await fetch(url + new URL(link).pathname)).bytes())

interface Replicas {
  frozen: SpawnedServer
  other: SpawnedServer
  /** How many bytes the database knows of. */
  noted: () => Promise<number | undefined>
}

async function givenReplicas(database: string): Promise<Replicas> {
  const DATA_DIR = temporaryFolder()
  const DATABASE_URL = database === 'SQLite' ? 'sqlite' : await givenPostgres()
  const settings = { DATA_DIR, DATABASE_URL }
  const [frozen, other] = [await spawnServer(settings), await spawnServer(settings)]
  const { db, close } = openDatabase(
    database === 'SQLite'
      ? { kind: 'sqlite', file: join(DATA_DIR, 'mayfly.db'), syncEachCommit: false }
      : { kind: 'postgres', url: DATABASE_URL },
  )
  onTestFinished(close)
  const noted = async () => (await db.selectFrom('resumables').select('received').executeTakeFirst())?.received
  return { frozen, other, noted }
}

async function givenPostgres(): Promise<string> {
  const { url, stop } = await startPostgres()
  onTestFinished(stop)
  return `${url}/postgres`
}

const freeze = ({ pid }: SpawnedServer): boolean => process.kill(pid, 'SIGSTOP')
const thaw = ({ pid }: SpawnedServer): boolean => process.kill(pid, 'SIGCONT')

/** Sends the first bytes, and freezes the server when most of them are noted and it holds the others. */
async function freezeInTheMiddle({ frozen, noted }: Replicas, url: string, bytes: Buffer): Promise<RawClient> {
  const client = await rawClient(url)
  const headers = { 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': 0 }
  await client.send(head('PATCH', new URL(url).pathname, { ...headers, 'Content-Length': bytes.length }))
  await client.send(bytes.subarray(0, NOTED))
  await waitUntil(async () => (await noted()) === NOTED) // on SQLite it must not freeze in a transaction
  await client.send(bytes.subarray(NOTED, NOTED + IN_HAND))
  await waitUntil(() => unreadBytes(client, url) === 0)
  freeze(frozen)
  return client
}

/** What the kernel holds that the server has not read yet (proc(5), `/proc/net/tcp`: addresses and queues in hexadecimal). */
function unreadBytes({ socket }: RawClient, url: string): number {
  const ends = [Number(new URL(url).port), socket.localPort as number].map(hexadecimal)
  const lines = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const line = lines.find(([, local, remote]) => local?.endsWith(`:${ends[0]}`) && remote?.endsWith(`:${ends[1]}`))
  return Number.parseInt(line?.[4]?.split(':')[1] ?? '', 16)
}

const hexadecimal = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

describe.for(DATABASES.filter(([, isThere]) => isThere))('a replica that was frozen, on %s,', ([database]) => {
  test('comes round after another one has finished its upload, and changes nothing', { timeout: 90_000 }, async () => {
    const replicas = await givenReplicas(database)
    const { frozen, other } = replicas
    const { url, link } = await createResumable(frozen, LENGTH)
    const sent = randomBytes(LENGTH)
    const client = await freezeInTheMiddle(replicas, url, sent)

    const onOther = url.replace(frozen.url, other.url)
    expect(await offsetOf(onOther)).toBe(NOTED)
    const whole = Buffer.concat([sent.subarray(0, NOTED), randomBytes(LENGTH - NOTED)]) // another rest than was begun
    expect((await patch(onOther, NOTED, whole.subarray(NOTED))).status).toBe(204)
    expect(await download(link, other)).toBe(sha256(whole))
    thaw(frozen)

    expect((await client.answer()).status).toBe(423)
    expect([await download(link, other), await download(link, frozen)]).toEqual([sha256(whole), sha256(whole)])
  })

  test('comes round while the other one is still at it, changes nothing, and the upload can be continued', {
    timeout: 90_000,
  }, async () => {
    const replicas = await givenReplicas(database)
    const { frozen, other } = replicas
    const { url, link } = await createResumable(frozen, LENGTH)
    const sent = randomBytes(LENGTH)
    const client = await freezeInTheMiddle(replicas, url, sent)

    const onOther = url.replace(frozen.url, other.url)
    expect(await offsetOf(onOther)).toBe(NOTED)
    const whole = Buffer.concat([sent.subarray(0, NOTED), randomBytes(LENGTH - NOTED)]) // another rest than was begun
    expect((await patch(onOther, NOTED, whole.subarray(NOTED, 6 * MIB))).status).toBe(204)
    thaw(frozen)
    await client.send(sent.subarray(NOTED + IN_HAND)).catch(() => {}) // it may have hung up
    expect((await client.answer()).status).toBe(423)
    expect(await offsetOf(url)).toBe(6 * MIB)
    expect((await patch(url, 6 * MIB, whole.subarray(6 * MIB))).status).toBe(204)

    expect([await download(link, other), await download(link, frozen)]).toEqual([sha256(whole), sha256(whole)])
  })
})
