import type { Client } from '../src/client.ts'
import { parseLink } from '../src/links.ts'
import { UsageError } from './failure.ts'
import { bytesText, leftText, namesText, sizeOf } from './format.ts'
import { listSent, rememberSent, type Sent, sent } from './state.ts'

/** `mayfly-send list`, `rm` and `request`: lists, deletes and requests files of uploads made on this machine. */

export async function list({ json }: { json?: boolean }): Promise<void> {
  const all = await listSent()
  if (json) return console.log(JSON.stringify(all))
  for (const { link, files, expiresAt } of all) {
    const expires = leftText(expiresAt === null ? undefined : new Date(expiresAt))
    console.log(
      [bytesText(sizeOf(files)).padStart(9), `expires ${expires}`.padEnd(22), link, namesText(files)].join('  '),
    )
  }
}

interface Context {
  clientFor(link: string): Client
  signal: AbortSignal
}

/** Deletes uploads or files. `targets`: links of uploads or files, or ids from `list`. */
export async function remove(targets: readonly string[], { clientFor, signal }: Context): Promise<void> {
  for (const target of targets) {
    const { link, known } = await resolved(target)
    await clientFor(link).remove(link, { signal, ...(known ? { token: known.token } : {}) })
    if (known && parseLink(link).kind === 'upload') await sent.remove(known.id)
  }
}

export interface RequestOptions {
  title?: string
  message?: string
  maxFiles?: number
  ttl?: string
  json?: boolean
}

/** Creates a file request for the upload `target`, or for a new upload, and prints its link. */
export async function request(
  target: string | undefined,
  { title, message, maxFiles, ttl, json }: RequestOptions,
  { clientFor, signal, server }: Context & { server: () => string },
): Promise<void> {
  const { link, known } =
    target === undefined ? await newUpload(clientFor(server()), ttl, signal) : await resolved(target)
  const made = await clientFor(link).createFileRequest(link, {
    signal,
    ...(known ? { token: known.token } : {}),
    ...(title === undefined ? {} : { title }),
    ...(message === undefined ? {} : { comments: message }),
    ...(maxFiles === undefined ? {} : { maxFiles }),
    ...(ttl === undefined ? {} : { ttl }),
  })
  const uploadLink = known?.link ?? link
  if (json) return console.log(JSON.stringify({ ...made, uploadLink }))
  if (process.stderr.isTTY) console.error(`files that are added will be in ${uploadLink}`)
  console.log(made.link)
}

async function newUpload(client: Client, ttl: string | undefined, signal: AbortSignal) {
  const upload = await client.upload([], ttl === undefined ? {} : { ttl }, { signal })
  await rememberSent(upload)
  return { link: upload.link, known: await sent.read(upload.id) }
}

/** The link of `target`, and the stored record of its upload if it was sent from this machine. */
async function resolved(target: string): Promise<{ link: string; known: Sent | undefined }> {
  if (!target.includes('/')) {
    const known = await sent.read(target)
    if (!known) throw new UsageError(`no upload ${target} was sent from here; give its link`)
    return { link: known.link, known }
  }
  const parsed = parseLink(target)
  const known = parsed.kind === 'request' ? undefined : await sent.read(parsed.uploadId)
  return { link: target, known }
}
