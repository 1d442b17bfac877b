import { textToBase64 } from './base64.ts'
import type { CallOptions, Connection } from './connection.ts'
import { asFileError, MayflyError } from './errors.ts'
import type { PieceSizer } from './piece-size.ts'
import { persistently, type RetryOptions } from './retry.ts'
import { reasonNotSent, type Source } from './source.ts'

/** Sends one file by tus 1.0 (tus.io/protocols/resumable-upload): bytes that have arrived are never sent again. */

const VERSION = { 'Tus-Resumable': '1.0.0' }
const PIECE_TYPE = 'application/offset+octet-stream'

/** The upload of a file, and the credentials. */
export interface TusTarget {
  headers: Record<string, string>
  metadata: Record<string, string>
}

export interface TusFile {
  /** Name on the server. */
  name: string
  type: string
  /** Id of its declared file; undefined: it is added to the upload. */
  fileId: string | undefined
  source: Source
  /** Upload URL of an earlier attempt. */
  url: string | undefined
}

export interface TusHooks {
  /** Called with a new upload URL to resume at. Awaited before anything is sent there. */
  onUrl: (url: string) => void | Promise<void>
  /** Number of bytes that were sent or confirmed. */
  onSent: (bytes: number) => void
}

interface Sending {
  connection: Connection
  target: TusTarget
  retry: RetryOptions
  pieces: PieceSizer
  signal: AbortSignal | undefined
}

/** Resolves when the server has the whole file. Rejects with `MayflyError`, or the reason of the signal. */
export async function sendByTus(file: TusFile, sending: Sending, { onUrl, onSent }: TusHooks): Promise<void> {
  const { connection, target, retry, pieces, signal } = sending
  const { source } = file
  const isDeferred = source.size === undefined // its length is sent with the last bytes
  const common = { signal, idleTimeoutMs: retry.idleTimeoutMs }
  let url = file.url
  let fileId = file.fileId
  /** The confirmed offset; undefined: the server has to be asked. */
  let offset: number | undefined
  let confirmed = 0

  async function create(): Promise<string> {
    const { headers } = await connection.call(`${connection.url}/tus`, {
      ...common,
      method: 'POST',
      headers: {
        ...VERSION,
        ...target.headers,
        ...(isDeferred ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(source.size) }),
        'Upload-Metadata': metadataOf({
          ...target.metadata,
          ...(fileId === undefined ? {} : { fileId }),
          filename: file.name,
          filetype: file.type,
        }),
      },
    })
    return new URL(headers.get('Location') ?? '', `${connection.url}/tus`).href
  }

  async function createPlace(): Promise<void> {
    url = await create()
    await onUrl(url)
  }

  async function begin(): Promise<void> {
    try {
      await createPlace()
    } catch (error) {
      if (fileId === undefined || !isPlaceLost(error)) throw error
      fileId = undefined // its place was given up, so it is added to the upload
      await createPlace()
    }
  }

  async function locate(): Promise<number> {
    const found = url === undefined ? undefined : await offsetAt(url, connection, common)
    if (found === undefined) await begin()
    return found ?? 0
  }

  async function sendPiece(at: string, from: number): Promise<number> {
    const piece = (await source.slice(from, from + pieces.bytes())).slice(undefined, undefined, PIECE_TYPE)
    const isEnd = isDeferred && source.size === from + piece.size
    const startedAt = Date.now()
    try {
      const { headers } = await connection.call(at, {
        ...common,
        method: 'PATCH',
        headers: {
          ...VERSION,
          'Upload-Offset': String(from),
          'Content-Type': PIECE_TYPE,
          ...(isEnd ? { 'Upload-Length': String(source.size) } : {}),
        },
        body: piece,
        onSent: (bytes) => onSent(from + bytes),
      })
      pieces.took(piece.size, Date.now() - startedAt)
      return bytesIn(headers)
    } catch (error) {
      if (isTooLargeForProxy(error) && pieces.refused(piece.size)) return from
      if (from > 0 && isUnknown(error)) {
        await createPlace() // what the server had is gone; a place that was given up meanwhile is not taken anew
        return 0
      }
      throw await reasonNotSent(error, piece)
    }
  }

  /** Sends all remaining bytes, after asking for the offset if it is unknown. */
  async function sendRest(progressed: () => void): Promise<void> {
    const confirm = (found: number): void => {
      if (found > confirmed) progressed()
      confirmed = found
      offset = found
      onSent(found)
    }
    if (offset === undefined) confirm(await locate())
    while (offset !== source.size) {
      const from = offset as number
      offset = undefined // unknown until the response arrives
      confirm(await sendPiece(url as string, from))
    }
  }

  try {
    await persistently(sendRest, retry, signal)
  } catch (error) {
    if (!isThereAlready(error)) throw asFileError(error) // else only the answer to its last byte was lost
  }
}

/** Number of bytes that the server has at `url`; undefined: the URL is no longer valid. */
export async function offsetAt(
  url: string,
  connection: Connection,
  options: Pick<CallOptions, 'signal' | 'idleTimeoutMs'> = {},
): Promise<number | undefined> {
  try {
    const { headers } = await connection.call(url, { ...options, method: 'HEAD', headers: VERSION })
    return bytesIn(headers)
  } catch (error) {
    if (isUnknown(error)) return undefined
    throw error
  }
}

const bytesIn = (headers: Headers): number => Number(headers.get('Upload-Offset'))

const isUnknown = (error: unknown): boolean => error instanceof MayflyError && [404, 410].includes(error.status)

/** The server itself says with a code of its own what is too large. */
const isTooLargeForProxy = (error: unknown): boolean =>
  error instanceof MayflyError && (error.proxyStatus === 413 || error.code === 'http_413')

/** Status of the file, if it accepts no more bytes. */
const statusIn = (error: unknown): unknown =>
  error instanceof MayflyError && error.code === 'file_not_missing' ? error.parameters.status : undefined

const isPlaceLost = (error: unknown): boolean => statusIn(error) === 'deleted'
const isThereAlready = (error: unknown): boolean => statusIn(error) === 'uploaded'

const metadataOf = (pairs: Record<string, string>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${key} ${textToBase64(value)}`)
    .join(',')
