import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { Client } from '../src/client.ts'
import type { Download, DownloadOptions, ReceivedBefore, SealedFile } from '../src/download.ts'
import { MayflyError } from '../src/errors.ts'
import { parseLink } from '../src/links.ts'
import { createHasher, type Hasher } from '../src/sha256.ts'
import { streamOfChunks } from '../src/source.ts'
import { safePath } from './safe-path.ts'

/** Downloads to the disk that a later process can resume. */

export interface SaveOptions extends Omit<DownloadOptions, 'resume'> {
  /** The folder of the file; default: the current one. If the name is taken, a number is added to it. */
  directory?: string
  /** The path of the file, instead of `directory`. An existing file is replaced. */
  path?: string
}

export interface SavedFile {
  path: string
  /** Bytes on disk. */
  size: number
}

/** Metadata of an unfinished download, stored beside its bytes. */
interface Note {
  name: string
  etag: string
  downloaderId: string
  size: number
  /** Base64; undefined if the server sent none. */
  sha256?: string
  /** Set for an encrypted file. The key is not stored on the disk, so resuming needs the link again. */
  sealed?: Omit<SealedFile, 'key'>
}

/**
 * Saves the file of a link. An unfinished download is kept as a hidden file in the same folder, and the next call for the
 * same link resumes it. Rejects with `MayflyError`, an error of the file system, or the reason of the signal.
 */
export async function saveFile(
  client: Pick<Client, 'download'>,
  link: string,
  options: SaveOptions = {},
): Promise<SavedFile> {
  const { directory = '.', path, decrypt = true, key = keyOf(link) } = options
  const folder = path === undefined ? directory : dirname(path)
  await mkdir(folder, { recursive: true })
  const part = join(folder, `.mayfly-${createHash('sha256').update(link).digest('hex').slice(0, 16)}`)
  const note = await receive(client, link, `${part}.part`, `${part}.json`, options)
  const sealed = decrypt && note.sealed && key !== undefined ? { key, ...note.sealed } : undefined
  if (sealed) await openPart(`${part}.part`, sealed).catch((error) => discardForeign(error, `${part}.part`))
  const target = path ?? (await freePath(directory, sealed?.name ?? note.name))
  await mkdir(dirname(target), { recursive: true })
  await rename(`${part}.part`, target)
  await rm(`${part}.json`, { force: true })
  return { path: target, size: (await stat(target)).size }
}

function keyOf(link: string): string | undefined {
  const parsed = parseLink(link)
  return 'key' in parsed ? parsed.key : undefined
}

/** Downloads the bytes to `part`, still encrypted if they are, and verifies them. */
async function receive(
  client: Pick<Client, 'download'>,
  link: string,
  part: string,
  notePath: string,
  options: SaveOptions,
): Promise<Note> {
  const before = await earlier(part, notePath)
  if (before?.isWhole) return before.note
  const received = before ? { resume: before.received } : {}
  const download = await client.download(link, { ...options, ...received, decrypt: false })
  const note = noteOf(download)
  if (download.etag !== undefined) await writeFile(notePath, JSON.stringify(note), { mode: 0o600 })
  try {
    await write(download, part)
  } catch (error) {
    return discardForeign(error, part)
  }
  return note
}

/** Deletes a partial file with wrong content, because it can't be resumed. Throws `error`. */
async function discardForeign(error: unknown, part: string): Promise<never> {
  if (error instanceof MayflyError && ['digest_mismatch', 'changed', 'not_as_sent'].includes(error.code))
    await rm(part, { force: true })
  throw error
}

const noteOf = ({ name, etag = '', downloaderId, size = -1, sha256, sealed }: Download): Note => ({
  name,
  etag,
  downloaderId,
  size,
  ...(sha256 === undefined ? {} : { sha256 }),
  ...(sealed ? { sealed: { name: sealed.name, listed: sealed.listed } } : {}),
})

/** The unfinished download of an earlier call. Undefined if there is none that can be resumed. */
async function earlier(
  part: string,
  notePath: string,
): Promise<{ note: Note; received: ReceivedBefore; isWhole: boolean } | undefined> {
  const note = await readNote(notePath)
  const position = (await stat(part).catch(() => undefined))?.size ?? 0
  if (note === undefined || position === 0 || position > note.size) return undefined
  const hasher = await hashed(part)
  if (position < note.size) {
    return { note, received: { position, etag: note.etag, downloaderId: note.downloaderId, hasher }, isWhole: false }
  }
  // The process ended after the last byte, before the file was renamed. A file with a download limit can't be requested again.
  if (note.sha256 === undefined || hasher.digest() !== note.sha256) return undefined
  return { note, received: { position, etag: note.etag, downloaderId: note.downloaderId, hasher }, isWhole: true }
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
    for await (const chunk of download.stream()) {
      await file.write(chunk, 0, chunk.byteLength, position)
      position += chunk.byteLength
    }
    await file.truncate(position)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Replaces the ciphertext in `part` with its plaintext. */
async function openPart(part: string, sealed: SealedFile): Promise<void> {
  const { openFile } = await import('../src/opened-file.ts')
  const plain = `${part}.opened`
  const file = await open(plain, 'w', 0o600)
  try {
    const { stream } = await openFile(streamOfChunks(createReadStream(part)), sealed)
    for await (const chunk of stream) await file.write(chunk)
    await file.sync()
  } catch (error) {
    await rm(plain, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(plain, part)
}

/** `a.txt`, or `a (1).txt` if that exists already. */
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
