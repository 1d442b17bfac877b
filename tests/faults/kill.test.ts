import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openDatabase } from '../../server/database/open-database.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { makeApp } from '../helpers/make-app.ts'
import { type SpawnedServer, spawnServer, startServer } from '../helpers/spawn-server.ts'
import { storedFiles } from '../helpers/stored-files.ts'

const SEED = 20_261_123
const ROUNDS = 6
const WORKERS = 6
const MAX_BYTES = 1_500_000

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What clients know when the server dies. Links are paths, since the port changes. */
interface Known {
  /** Link → SHA-256 of what was acknowledged. */
  files: Map<string, string>
  /** One-shot links that were downloaded whole, and links to what was removed. */
  gone: Set<string>
  /** Declared file → its upload and what was being sent to it. */
  sent: Map<string, { upload: string; sha256: string }>
  /** What was acknowledged at least once. */
  done: Set<Kind>
}

type Kind = (server: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, known: Known) => Promise<void>

const KINDS: Kind[] = [putFile, putForm, useOneShot, fillDeclared, sendByTus, sendByDraft, sendAsGuest, removeFile]

type Random = () => number

async function upload(server: SpawnedServer, random: Random, known: Known): Promise<void> {
  const bytes = new Uint8Array(Math.floor(random() ** 3 * MAX_BYTES)).fill(Math.floor(random() * 256))
  const kind = KINDS[Math.floor(random() * KINDS.length)] as Kind
  await kind(server, bytes, known)
  known.done.add(kind)
}

async function putFile({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { files }: Known): Promise<void> {
  const link = await textOf(fetch(`${url}/x.bin`, { method: 'PUT', body: bytes }))
  files.set(pathOf(link), sha256(bytes))
}

async function putForm({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { files }: Known): Promise<void> {
  const form = new FormData()
  for (const name of ['a.bin', 'b.bin', 'c.bin']) form.append('file', new Blob([bytes]), name)
  const links = await textOf(fetch(url, { method: 'POST', body: form }))
  for (const link of links.trim().split('\n')) files.set(pathOf(link), sha256(bytes))
}

async function useOneShot({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { gone }: Known): Promise<void> {
  const link = await textOf(fetch(`${url}/x.bin?oneShot=true`, { method: 'PUT', body: bytes }))
  const answer = await fetch(url + pathOf(link))
  await answer.arrayBuffer()
  gone.add(pathOf(link)) // before, it may be used up or not
}

async function removeFile({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { gone }: Known): Promise<void> {
  const { id, uploadToken } = await createdBy(url, {})
  const headers = { 'X-UploadToken': uploadToken }
  const file = JSON.parse(await textOf(fetch(`${url}/file/${id}`, { method: 'POST', body: formOf(bytes), headers })))
  const path = `/file/${id}/${file.id}/x.bin`
  await textOf(fetch(url + path, { method: 'DELETE', headers }))
  gone.add(path)
}

async function sendByTus({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { files, sent }: Known) {
  const tus = { 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream' }
  const created = await fetch(`${url}/tus`, { method: 'POST', headers: { ...tus, 'Upload-Length': `${bytes.length}` } })
  const path = pathOf(created.headers.get('x-mayfly-link') ?? '')
  const address = new URL(created.headers.get('location') ?? '', `${url}/tus`)
  sent.set(path, { upload: path.split('/')[2] ?? '', sha256: sha256(bytes) })
  const half = Math.ceil(bytes.length / 2)
  for (const offset of bytes.length > half ? [0, half] : [0]) {
    const body = bytes.subarray(offset, offset + half)
    await textOf(fetch(address, { method: 'PATCH', headers: { ...tus, 'Upload-Offset': `${offset}` }, body }))
  }
  files.set(path, sha256(bytes))
}

async function sendByDraft({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { files }: Known) {
  const half = Math.floor(bytes.length / 2)
  const first = { method: 'POST', headers: { 'Upload-Complete': '?0' }, body: bytes.subarray(0, half) }
  const created = await fetch(`${url}/tus`, first)
  const address = new URL(created.headers.get('location') ?? '', `${url}/tus`)
  const headers = { 'Upload-Complete': '?1', 'Upload-Offset': `${half}` }
  const link = await textOf(fetch(address, { method: 'PATCH', headers, body: bytes.subarray(half) }))
  files.set(pathOf(link), sha256(bytes))
}

async function sendAsGuest({ url }: SpawnedServer, bytes: Uint8Array<ArrayBuffer>, { files }: Known) {
  const { id, uploadToken } = await createdBy(url, {})
  const headers = { 'X-UploadToken': uploadToken }
  const requested = fetch(`${url}/upload/${id}/requests`, { method: 'POST', headers, body: '{}' })
  const guest = { 'X-RequestToken': JSON.parse(await textOf(requested)).requestToken }
  await textOf(fetch(`${url}/request/x.bin`, { method: 'PUT', headers: guest, body: bytes }))
  const upload = JSON.parse(await textOf(fetch(`${url}/upload/${id}`, { headers })))
  files.set(`/file/${id}/${upload.files[0].id}/x.bin`, sha256(bytes))
}

async function fillDeclared(
  { url }: SpawnedServer,
  bytes: Uint8Array<ArrayBuffer>,
  { files, sent }: Known,
): Promise<void> {
  const created = await createdBy(url, { files: [{ fileName: 'x.bin', fileSize: bytes.length }] })
  const path = `/file/${created.id}/${created.files[0].id}/x.bin`
  sent.set(path, { upload: created.id, sha256: sha256(bytes) })
  await textOf(
    fetch(url + path, { method: 'POST', body: formOf(bytes), headers: { 'X-UploadToken': created.uploadToken } }),
  )
  files.set(path, sha256(bytes))
}

const createdBy = async (url: string, options: object) =>
  JSON.parse(await textOf(fetch(`${url}/upload`, { method: 'POST', body: JSON.stringify(options) })))

function formOf(bytes: Uint8Array<ArrayBuffer>): FormData {
  const form = new FormData()
  form.append('file', new Blob([bytes]), 'x.bin')
  return form
}

async function textOf(request: Promise<Response>): Promise<string> {
  const answer = await request
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${text}`)
  return text
}

const pathOf = (link: string): string => new URL(link.trim()).pathname

/** Uploads in parallel until the server dies; errors after that are expected. */
async function loadUntilKilled(
  server: SpawnedServer,
  random: Random,
  known: Known,
  when: 'at any time' | 'upon an answer',
): Promise<string[]> {
  const refusals: string[] = []
  const dueAfter = 5 + Math.floor(random() * 25)
  let answers = 0
  let isDead = false
  function kill(): void {
    isDead = true
    process.kill(server.pid, 'SIGKILL')
  }
  async function work(): Promise<void> {
    while (!isDead) {
      await upload(server, random, known).catch((error: Error) => {
        if (!isDead && /^\d/.test(error.message)) refusals.push(error.message)
      })
      answers += 1
      if (answers !== dueAfter) continue
      if (when === 'at any time') await setTimeout(random() * 40) // the moment is the point
      kill()
    }
  }
  const workers = Array.from({ length: WORKERS }, work)
  await Promise.all(workers)
  await server.exited
  return refusals
}

async function check({ url }: SpawnedServer, known: Known): Promise<Record<string, string[]>> {
  const broken: string[] = []
  const back: string[] = []
  const halfThere: string[] = []
  for (const [path, expected] of known.files) {
    const answer = await fetch(url + path)
    if (!answer.ok || sha256(new Uint8Array(await answer.arrayBuffer())) !== expected) broken.push(path)
  }
  for (const path of known.gone) if ((await fetch(url + path)).status !== 404) back.push(path)
  for (const [path, { upload, sha256: expected }] of known.sent) {
    const { files } = JSON.parse(await textOf(fetch(`${url}/upload/${upload}`)))
    const answer = await fetch(url + path)
    const isThere = files[0].status === 'uploaded'
    const isWhole = answer.ok && sha256(new Uint8Array(await answer.arrayBuffer())) === expected
    if (isThere !== isWhole || answer.ok !== isWhole) halfThere.push(path)
  }
  return { broken, back, halfThere }
}

test(`killed at any moment under load, the server comes back with all it acknowledged and nothing else (seed ${SEED})`, async () => {
  const random = randomNumbers(SEED)
  const dataDir = temporaryFolder()
  const known: Known = { files: new Map(), gone: new Set(), sent: new Map(), done: new Set() }
  const settings = { DATA_DIR: dataDir, RESUME_WINDOW: '1h' }
  let server = await spawnServer(settings)

  for (let round = 0; round < ROUNDS; round += 1) {
    const when = round % 2 === 0 ? 'at any time' : 'upon an answer'
    expect(await loadUntilKilled(server, random, known, when)).toEqual([])
    server = await spawnServer(settings)
    expect(await check(server, known)).toEqual({ broken: [], back: [], halfThere: [] })
  }
  await server.kill('SIGKILL')
  expect(known.files.size).toBeGreaterThan(10)
  expect(known.done).toEqual(new Set(KINDS))

  const app = await makeApp(settings)
  await app.letTimePass(20 * 60_000)
  for (let day = 0; day < 2; day += 1) {
    app.advance(25 * 3_600_000) // blobs without a row go to quarantine after a day, and are deleted another day later
    await app.maintenance.clean({ maxPercent: 100 })
  }
  expect(storedFiles(dataDir).sort()).toEqual((await ownedFiles(dataDir)).sort())
})

async function ownedFiles(dataDir: string): Promise<string[]> {
  const { db, close } = openDatabase({ kind: 'sqlite', file: `${dataDir}/mayfly.db`, syncEachCommit: false })
  const rows = await db.selectFrom('files').select('blobKey').where('status', '=', 'uploaded').execute()
  await close()
  return rows.map(({ blobKey: key }) => `${dataDir}/files/${key?.slice(0, 2)}/${key}`)
}

test('killed at any moment of its first start, the server starts all the same', async () => {
  const random = randomNumbers(SEED)
  const dataDir = temporaryFolder()

  for (let round = 0; round < 6; round += 1) {
    const dying = startServer({ DATA_DIR: dataDir })
    await setTimeout(300 + random() * 400)
    await dying.kill('SIGKILL')
  }

  const server = await spawnServer({ DATA_DIR: dataDir })
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
}, 30_000)
