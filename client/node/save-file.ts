import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { Client } from '../src/client.ts'
import type { Download, DownloadOptions, ReceivedBefore } from '../src/download.ts'
import { MayflyError } from '../src/errors.ts'
import { parseLink } from '../src/links.ts'
import { createHasher, type Hasher } from '../src/sha256.ts'
import { safePath } from './safe-path.ts'

/** Downloads onto the disk, which continue after the process ended. */

export interface SaveOptions extends Omit<DownloadOptions, 'resume'> {
  /** Where the file is created, under its own name or another one that is free. The current folder unless given. */
  directory?: string
  /** The file itself; one that is there is replaced. */
  path?: string
}

export interface SavedFile {
  path: string
  /** Bytes on disk. */
  size: number
}

/** What is noted beside the bytes of an unfinished download. */
interface Note {
  name: string
  etag: string
  holder: string
  size: number
  /** Base64; undefined: none was announced. */
  sha256?: string
}

/**
 * Saves the file of a link. An unfinished one is a hidden file in the same folder, which the next call for the same link
 * continues. Rejects with `MayflyError`, an error of the file system, or the reason of the signal.
 */
export async function saveFile(
  client: Pick<Client, 'download'>,
  link: string,
  options: SaveOptions = {},
): Promise<SavedFile> {
  const { directory = '.', path, decrypt, ...rest } = options
  const folder = path === undefined ? directory : dirname(path)
  await mkdir(folder, { recursive: true })
  const part = join(folder, `.mayfly-${createHash('sha256').update(link).digest('hex').slice(0, 16)}`)
  const key = decrypt === false ? undefined : (decrypt ?? keyOf(link))
  const note = await receive(client, link, `${part}.part`, `${part}.json`, rest)
  const name = key === undefined ? note.name : await opened(`${part}.part`, note.name, key)
  const target = path ?? (await freePath(directory, name))
  await mkdir(dirname(target), { recursive: true })
  await rename(`${part}.part`, target)
  await rm(`${part}.json`, { force: true })
  return { path: target, size: (await stat(target)).size }
}

function keyOf(link: string): string | undefined {
  const parsed = parseLink(link)
  return 'key' in parsed ? parsed.key : undefined
}

/** Fills `part` with all bytes as they travel, verified. */
async function receive(
  client: Pick<Client, 'download'>,
  link: string,
  part: string,
  notePath: string,
  options: Omit<DownloadOptions, 'resume'>,
): Promise<Note> {
  const before = await earlier(part, notePath)
  if (before?.isWhole) return before.note
  const download = await client.download(link, {
    ...options,
    decrypt: false,
    ...(before ? { resume: before.received } : {}),
  })
  const note = noteOf(download)
  if (download.etag !== undefined) await writeFile(notePath, JSON.stringify(note), { mode: 0o600 })
  try {
    await write(download, part)
  } catch (error) {
    if (error instanceof MayflyError && error.code === 'digest_mismatch') await rm(part, { force: true })
    throw error
  }
  return note
}

const noteOf = ({ name, etag = '', holder, size = -1, sha256 }: Download): Note => ({
  name,
  etag,
  holder,
  size,
  ...(sha256 === undefined ? {} : { sha256 }),
})

/** What an earlier call has left; undefined: nothing that could be continued. */
async function earlier(
  part: string,
  notePath: string,
): Promise<{ note: Note; received: ReceivedBefore; isWhole: boolean } | undefined> {
  const note = await readNote(notePath)
  const position = (await stat(part).catch(() => undefined))?.size ?? 0
  if (note === undefined || position === 0 || position > note.size) return undefined
  const hasher = await hashed(part)
  if (position < note.size) {
    return { note, received: { position, etag: note.etag, holder: note.holder, hasher }, isWhole: false }
  }
  // It ended between the last byte and the end. A limited file can't be asked for once more.
  if (note.sha256 === undefined || hasher.digest() !== note.sha256) return undefined
  return { note, received: { position, etag: note.etag, holder: note.holder, hasher }, isWhole: true }
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Note
  } catch {
    return undefined
  }
}

async function hashed(path: string): Promise<Hasher> {
  const hasher = await createHasher()
  for await (const chunk of createReadStream(path)) hasher.update(chunk as Uint8Array)
  return hasher
}

async function write(download: Download, part: string): Promise<void> {
  const file = await open(part, download.position === 0 ? 'w' : 'r+', 0o600)
  try {
    let position = download.position
    for await (const chunk of chunksOf(download.stream())) {
      await file.write(chunk, 0, chunk.byteLength, position)
      position += chunk.byteLength
    }
    await file.truncate(position)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** Replaces the ciphertext in `part` by its plaintext; returns the name that was inside. */
async function opened(part: string, name: string, key: string): Promise<string> {
  const { openName, openStream } = await import('../src/encryption.ts')
  const plain = `${part}.opened`
  const file = await open(plain, 'w', 0o600)
  try {
    for await (const chunk of chunksOf(await openStream(streamOfFile(part), key))) await file.write(chunk)
    await file.sync()
  } catch (error) {
    await rm(plain, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(plain, part)
  return openName(name, key)
}

function streamOfFile(path: string): ReadableStream<Uint8Array> {
  const chunks = createReadStream(path)[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => void (await chunks.return?.()),
  })
}

/** `a.txt`, or `a (1).txt` where there is one already. */
async function freePath(directory: string, name: string): Promise<string> {
  const { dir, name: stem, ext } = parse(safePath(name))
  for (let count = 0; ; count += 1) {
    const path = join(directory, dir, count === 0 ? `${stem}${ext}` : `${stem} (${count})${ext}`)
    if (
      await access(path).then(
        () => false,
        () => true,
      )
    )
      return path
  }
}
