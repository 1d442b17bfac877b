import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type SavedFile, saveFile } from '../node/save-file.ts'
import type { Client } from '../src/client.ts'
import type { DownloadOptions } from '../src/download.ts'
import { MayflyError } from '../src/errors.ts'
import { parseLink } from '../src/links.ts'
import type { FileInfo, UploadInfo } from '../src/upload-info.ts'
import { UsageError } from './failure.ts'
import { bytesText } from './format.ts'
import { ask, canAsk, type PasswordOptions, passwordOf } from './passwords.ts'
import { createProgressBar } from './progress-bar.ts'
import { nameFor, received } from './state.ts'

/** `mayfly-send get`: downloads and verifies the files of links, and decrypts them if the link contains the key. */

export interface GetOptions extends PasswordOptions {
  /** A folder, or `-` for standard output. */
  output: string
  zip?: boolean
  wait?: boolean
  json?: boolean
}

interface Context {
  /** Returns a client for the server of `link`. */
  clientFor(link: string): Client
  signal: AbortSignal
}

export async function get(given: readonly string[], options: GetOptions, context: Context): Promise<void> {
  const links = given.includes('-') ? [...given.filter((link) => link !== '-'), ...(await linksInPipe())] : given
  for (const link of links) parseLink(link) // rejects a bad link before any download starts
  const password = await passwordOf(options)
  for (const link of links) await withPassword(password, (access) => getOne(link, options, access, context))
}

/** Links are secrets, and all users of the machine can read the command line. */
const linksInPipe = async (): Promise<string[]> => (await text(process.stdin)).split(/\s+/).filter(Boolean)

type Fetching = Pick<DownloadOptions, 'password'>

/** Asks for a password if the server requires one and the program runs in a terminal. */
async function withPassword(password: string | undefined, work: (access: Fetching) => Promise<void>): Promise<void> {
  try {
    await work(password === undefined ? {} : { password })
  } catch (error) {
    const isAsked = error instanceof MayflyError && error.status === 401 && password === undefined && canAsk()
    if (!isAsked) throw error
    await work({ password: await ask('Password: ') })
  }
}

async function getOne(link: string, options: GetOptions, access: Fetching, context: Context): Promise<void> {
  const client = context.clientFor(link)
  const { kind } = parseLink(link)
  if (options.output === '-') return toStandardOutput(client, link, options, access, context)
  if (kind !== 'upload') return void (await save(client, link, options, access, context))
  const upload = await client.info(link, { ...access, signal: context.signal })
  if (options.zip) {
    if (upload.isEncrypted) throw new UsageError('--zip: the server can make no zip of files that it can not read')
    return void (await save(client, upload.archiveLink, options, access, context))
  }
  await saveAll(client, upload, options, access, context)
}

/** Skips files that an interrupted run of the same command has already saved. */
async function saveAll(client: Client, upload: UploadInfo, options: GetOptions, access: Fetching, context: Context) {
  const name = nameFor([upload.link, resolve(options.output)])
  const done = (await received.read(name)) ?? {}
  if (upload.absentFiles > 0)
    console.error(`${upload.absentFiles} files that the sender has listed are not on the server`)
  const files = upload.files.filter((file) => isThere(upload, file, options))
  if (files.length === 0) throw new MayflyError({ code: 'file_not_found', detail: 'there is nothing left to download' })
  for (const file of files) {
    if (await isSaved(done[file.id], file)) continue
    const saved = await save(client, file.link, options, access, context, file.name)
    done[file.id] = resolve(saved.path)
    await received.write(name, done)
  }
  await received.remove(name)
}

const isThere = ({ isStream }: UploadInfo, { status }: FileInfo, { wait }: GetOptions): boolean =>
  status === 'uploaded' ||
  (isStream && status === 'uploading') ||
  (wait === true && ['missing', 'uploading'].includes(status))

const isSaved = async (path: string | undefined, { size }: FileInfo): Promise<boolean> =>
  path !== undefined && (await stat(path).catch(() => undefined))?.size === size

async function save(
  client: Client,
  link: string,
  { output, wait, json }: GetOptions,
  access: Fetching,
  { signal }: Context,
  label = '',
): Promise<SavedFile> {
  const bar = createProgressBar(label || 'receiving')
  try {
    const saved = await saveFile(client, link, {
      ...access,
      signal,
      ...(wait ? { wait } : {}),
      directory: output,
      onProgress: ({ received, total }) => bar.update(received, total),
      onRetry: bar.onRetry,
    })
    bar.end()
    if (json) console.log(JSON.stringify(saved))
    else if (process.stderr.isTTY) console.error(`${saved.path}  ${bytesText(saved.size)}`)
    return saved
  } finally {
    bar.end()
  }
}

async function toStandardOutput(
  client: Client,
  link: string,
  { wait }: GetOptions,
  access: Fetching,
  { signal }: Context,
): Promise<void> {
  const download = await client.download(link, { ...access, signal, ...(wait ? { wait } : {}) })
  await pipeline(Readable.fromWeb(download.stream() as Parameters<typeof Readable.fromWeb>[0]), process.stdout)
}
