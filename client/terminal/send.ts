import { Readable } from 'node:stream'
import { filesAt } from '../node/files.ts'
import type { Client } from '../src/client.ts'
import { type OutgoingFile, streamSource } from '../src/source.ts'
import type { UploadOptions } from '../src/upload.ts'
import type { UploadInfo } from '../src/upload-info.ts'
import { UsageError } from './failure.ts'
import { bytesText, leftText, namesText, sizeOf } from './format.ts'
import { newPasswordOf, type PasswordOptions } from './passwords.ts'
import { createProgressBar } from './progress-bar.ts'
import { nameFor, rememberSent, unfinished } from './state.ts'

/** `mayfly-send send`: sends files and folders, or standard input. */

export interface SendOptions extends PasswordOptions {
  ttl?: string
  oneShot?: boolean
  maxDownloads?: number
  encrypt?: boolean
  removable?: boolean
  message?: string
  /** Name of the file from standard input. */
  name: string
  keepPictures?: boolean
  /** The link of a file request. */
  to?: string
  qr?: boolean
  json?: boolean
}

/** Formats whose metadata the server removes unless they are encrypted, and the page before it encrypts. */
const PICTURES = /\.(?:jpe?g|png|webp|avif|hei[cf]|jxl|gif|tiff?|mp4|mov|m4v|3gp)$/i

interface Context {
  client: Client
  server: string
  signal: AbortSignal
}

export async function send(paths: readonly string[], options: SendOptions, context: Context): Promise<void> {
  const files = await outgoing(paths, options.name)
  if (options.to !== undefined) return sendToRequest(options.to, files, options, context)
  if (options.encrypt && !options.keepPictures && files.some(({ name }) => PICTURES.test(name)))
    console.error('mayfly-send: encrypted photos and videos keep their metadata, such as their location')
  const upload = await transfer(files, options, context, async (hooks) => {
    const password = hooks.resume ? undefined : await newPasswordOf(options)
    return context.client.upload(files, uploadOptions(options, password), hooks)
  })
  await rememberSent(upload)
  await print(upload, options)
}

async function sendToRequest(link: string, files: OutgoingFile[], options: SendOptions, context: Context) {
  await transfer(files, options, context, (hooks) => context.client.uploadToRequest(link, files, hooks))
  if (options.json) console.log(JSON.stringify({ files: files.map(({ name }) => name) }))
}

type Hooks = NonNullable<Parameters<Client['upload']>[2]>

/** Runs `work` with a progress bar, and stores its state so that the same command can resume after an interruption. */
async function transfer<T>(
  files: readonly OutgoingFile[],
  options: SendOptions,
  { server, signal }: Context,
  work: (hooks: Hooks) => Promise<T>,
): Promise<T> {
  const name = stateName(files, options, server)
  const resume = await unfinished.read(name)
  const bar = createProgressBar(namesText(files))
  try {
    const done = await work({
      signal,
      ...(resume ? { resume } : {}),
      onState: (state) => unfinished.write(name, state),
      onProgress: ({ sent, total }) => bar.update(sent, total),
      onRetry: bar.onRetry,
    })
    await unfinished.remove(name)
    return done
  } finally {
    bar.end()
  }
}

/** The same name only for the same unchanged files with the same options. */
const stateName = (files: readonly OutgoingFile[], { json, qr, ...options }: SendOptions, server: string): string =>
  nameFor([server, options, files.map(({ name, modified, source }) => [name, modified, source.size ?? null])])

async function outgoing(paths: readonly string[], pipeName: string): Promise<OutgoingFile[]> {
  if (paths.filter((path) => path === '-').length > 1) throw new UsageError('the standard input can be sent once only')
  const found: OutgoingFile[] = []
  for (const path of paths) found.push(...(path === '-' ? [standardInput(pipeName)] : await filesAt(path)))
  if (found.length === 0) throw new UsageError('there is no file in what was given')
  return found
}

const standardInput = (name: string): OutgoingFile => ({
  name,
  source: streamSource(Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>),
})

function uploadOptions(options: SendOptions, password: string | undefined): UploadOptions {
  const { ttl, oneShot, maxDownloads, encrypt, removable, message, keepPictures } = options
  return {
    ...(ttl === undefined ? {} : { ttl }),
    ...(oneShot ? { oneShot } : {}),
    ...(maxDownloads === undefined ? {} : { maxDownloads }),
    ...(encrypt ? { encrypt } : {}),
    ...(removable ? { removable } : {}),
    ...(message === undefined ? {} : { comments: message }),
    ...(keepPictures ? { normalize: false } : {}),
    ...(password === undefined ? {} : { password }),
  }
}

/** Only the link is printed to standard output, so that other programs can read it. */
async function print(upload: UploadInfo, { qr, json }: SendOptions): Promise<void> {
  const { id, link, adminLink, token, key, files, expiresAt } = upload
  if (json) {
    const shown = files.map(({ name, size, link }) => ({ name, size, link }))
    return console.log(JSON.stringify({ id, link, adminLink, token, key, expiresAt, files: shown }))
  }
  if (process.stderr.isTTY)
    console.error(`${namesText(files)}, ${bytesText(sizeOf(files))}, expires ${leftText(expiresAt)}`)
  console.log(link)
  if (qr) console.error((await import('uqr')).renderUnicodeCompact(link, { border: 2 }))
}
