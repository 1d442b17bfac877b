import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { head, metadata, patch, post } from '../server/resumable/tus-requests.ts'
import { type Acknowledged, type Ledger, sha256 } from './ledger.ts'
import type { Site } from './site.ts'

/** Ordinary people and programs: each does one thing after the other, and notes what it was told. */

const MAX_BYTES = 1_500_000
const SMALL_BYTES = 1024
/** Above, users remove files before they send new ones. */
const MANY_FILES = 250
const TTL_SECONDS = [60, 300, 86_400]
/** The server's clock and ours are one, but an answer takes a moment. */
const EXPIRY_SLACK_MS = 2_000
/** Answers that say "not now" while something is broken. */
const NOT_NOW = [408, 423, 429, 503, 507]

type Random = () => number
type Action = (site: Site, ledger: Ledger, random: Random) => Promise<void>

const ACTIONS: Action[] = [
  putSmall,
  putSmall,
  putForm,
  sendInParts,
  readFile,
  readFile,
  readRange,
  useOneTimeLink,
  removeUpload,
  sendPhoto,
  openPage,
]

export async function behave(site: Site, ledger: Ledger, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const action = ledger.files.size > MANY_FILES ? removeUpload : pick(ACTIONS, random)
    const wasCalm = site.isCalm()
    try {
      await action(site, ledger, random)
      ledger.count(action.name)
    } catch (error) {
      ledger.count('failed')
      if (wasCalm && site.isCalm())
        ledger.problem(
          `${site.name}: ${action.name} failed without a fault: ${String(error)} ${String((error as Error).cause ?? '')}`,
        )
    }
    await sleep(50 + random() * 300)
  }
}

/** Throws for every refusal, so that an action ends where it is refused. */
async function ask(site: Site, ledger: Ledger, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(site.url + path, { ...init, signal: AbortSignal.timeout(60_000) })
  if (response.ok) return response
  const text = (await response.text()).slice(0, 200)
  const mayHappen = NOT_NOW.includes(response.status) && !site.isCalm()
  if (!mayHappen && response.status >= 500)
    ledger.problem(`${site.name}: ${init.method ?? 'GET'} ${path} answered ${response.status} ${text}`)
  throw new Error(`${response.status} ${text}`)
}

interface CreatedUpload {
  id: string
  uploadToken: string
  files: { id: string; fileName: string }[]
}

async function putSmall(site: Site, ledger: Ledger, random: Random): Promise<void> {
  const bytes = randomBytes(Math.ceil(random() * SMALL_BYTES))
  const ttl = pick(TTL_SECONDS, random)
  const created = await timed(site, ledger, 'PUT of a small file', async () => {
    const init = { method: 'PUT', body: bytes, headers: { Accept: 'application/json' } }
    return (await (await ask(site, ledger, `/small.bin?ttl=${ttl}`, init)).json()) as CreatedUpload
  })
  note(ledger, created, [bytes], ttl)
}

async function putForm(site: Site, ledger: Ledger, random: Random): Promise<void> {
  const contents = [0, 1, 2].map(() => randomBytes(Math.ceil(random() ** 3 * MAX_BYTES)))
  const ttl = pick(TTL_SECONDS, random)
  const form = new FormData()
  form.append('ttl', `${ttl}`)
  for (const [index, bytes] of contents.entries()) form.append('file', new Blob([bytes]), `${index}.bin`)
  const response = await ask(site, ledger, '/', { method: 'POST', body: form, headers: { Accept: 'application/json' } })
  note(ledger, (await response.json()) as CreatedUpload, contents, ttl)
}

/** By tus, in parts; after an interruption it resumes at the server's offset. */
async function sendInParts(site: Site, ledger: Ledger, random: Random): Promise<void> {
  const bytes = randomBytes(Math.ceil(random() * MAX_BYTES))
  const created = await post(site, {
    'Upload-Length': `${bytes.length}`,
    'Upload-Metadata': metadata({ filename: 'parts.bin' }),
  })
  await created.text()
  const location = created.headers.get('location')
  const link = created.headers.get('x-mayfly-link')
  if (created.status !== 201 || !location || !link) throw new Error(`tus creation: ${created.status}`)
  const url = new URL(location, site.url).href
  const partBytes = Math.ceil(bytes.length / 4)
  let failures = 0
  let reason = ''
  for (let offset = 0; offset < bytes.length; ) {
    try {
      const answer = await patch(url, offset, bytes.subarray(offset, offset + partBytes))
      reason = `${answer.status} ${await answer.text()}`
      if (answer.status === 204) {
        offset = Number(answer.headers.get('upload-offset'))
        continue
      }
      if (answer.status === 404) throw new Error('the unfinished upload is gone')
    } catch (error) {
      if (String(error).includes('is gone')) throw error
      reason = String(error)
    }
    if (++failures > 60) throw new Error(`an upload could not be continued: ${reason}`)
    await sleep(500)
    const answer = await head(url).catch(() => undefined)
    if (answer?.status === 200) offset = Number(answer.headers.get('upload-offset'))
    else if (answer?.status === 404) throw new Error('the unfinished upload is gone')
  }
  const path = new URL(link, site.url).pathname
  const upload = path.split('/')[2] ?? ''
  ledger.files.set(path, {
    path,
    sha256: sha256(bytes),
    expiresAt: Number.POSITIVE_INFINITY,
    upload,
    token: created.headers.get('x-uploadtoken') ?? '',
  })
}

async function readFile(site: Site, ledger: Ledger, random: Random): Promise<void> {
  const file = pick([...ledger.files.values()], random)
  if (!file || Date.now() > file.expiresAt - EXPIRY_SLACK_MS) return
  const bytes = new Uint8Array(await (await ask(site, ledger, file.path)).arrayBuffer())
  if (sha256(bytes) !== file.sha256) ledger.problem(`${site.name}: ${file.path} has other bytes`)
}

async function readRange(site: Site, ledger: Ledger, random: Random): Promise<void> {
  const file = pick([...ledger.files.values()], random)
  if (!file || Date.now() > file.expiresAt - EXPIRY_SLACK_MS) return
  await timed(site, ledger, 'a range of 1 KiB', async () => {
    const response = await ask(site, ledger, file.path, { headers: { Range: 'bytes=0-1023' } })
    await response.arrayBuffer()
  })
}

async function useOneTimeLink(site: Site, ledger: Ledger): Promise<void> {
  const bytes = randomBytes(SMALL_BYTES)
  const init = { method: 'PUT', body: bytes, headers: { Accept: 'application/json' } }
  const created = (await (await ask(site, ledger, '/once.bin?oneShot=true', init)).json()) as CreatedUpload
  const path = pathOf(created, created.files[0])
  const first = new Uint8Array(await (await ask(site, ledger, path)).arrayBuffer())
  if (sha256(first) !== sha256(bytes)) ledger.problem(`${site.name}: ${path} has other bytes`)
  const stranger = await fetch(site.url + path, { headers: { 'User-Agent': 'somebody else' } })
  await stranger.arrayBuffer()
  if (stranger.ok) ledger.problem(`${site.name}: ${path} was given out twice`)
}

async function removeUpload(site: Site, ledger: Ledger, random: Random): Promise<void> {
  const file = pick([...ledger.files.values()], random)
  if (!file || file.token === '') return
  const siblings = [...ledger.files.values()].filter(({ upload }) => upload === file.upload)
  for (const { path } of siblings) ledger.files.delete(path) // unknown until it is acknowledged
  if (Date.now() > file.expiresAt - EXPIRY_SLACK_MS) return
  await ask(site, ledger, `/upload/${file.upload}`, { method: 'DELETE', headers: { 'X-UploadToken': file.token } })
  for (const { path } of siblings) ledger.gone.add(path)
}

let photo: Promise<Buffer> | undefined

async function sendPhoto(site: Site, ledger: Ledger): Promise<void> {
  photo ??= sharp({ create: { width: 1200, height: 900, channels: 3, background: '#c96' } })
    .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
    .jpeg()
    .toBuffer()
  const init = { method: 'PUT', body: new Uint8Array(await photo), headers: { Accept: 'application/json' } }
  const created = (await (await ask(site, ledger, '/photo.jpg?ttl=300', init)).json()) as CreatedUpload
  const bytes = Buffer.from(await (await ask(site, ledger, pathOf(created, created.files[0]))).arrayBuffer())
  if ((await sharp(bytes).metadata()).exif) ledger.problem(`${site.name}: a photo kept its EXIF`)
}

async function openPage(site: Site, ledger: Ledger): Promise<void> {
  await timed(site, ledger, 'the page', async () => {
    await (await ask(site, ledger, '/', { headers: { Accept: 'text/html' } })).text()
  })
}

async function timed<T>(site: Site, ledger: Ledger, what: string, work: () => Promise<T>): Promise<T> {
  const wasCalm = site.isCalm()
  const startedAt = performance.now()
  const result = await work()
  if (wasCalm && site.isCalm()) ledger.timed(`${site.name}: ${what}`, performance.now() - startedAt)
  return result
}

const pathOf = ({ id }: CreatedUpload, file: CreatedUpload['files'][number] | undefined): string =>
  `/file/${id}/${file?.id}/${file?.fileName}`

function note(ledger: Ledger, created: CreatedUpload, contents: Uint8Array[], ttl: number): void {
  const expiresAt = Date.now() + ttl * 1000
  for (const [index, file] of created.files.entries()) {
    const path = pathOf(created, file)
    const bytes = contents[index] as Uint8Array
    const entry: Acknowledged = {
      path,
      sha256: sha256(bytes),
      expiresAt,
      upload: created.id,
      token: created.uploadToken,
    }
    ledger.files.set(path, entry)
  }
}

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)] as T
