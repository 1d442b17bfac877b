import { textToBase64 } from './base64.ts'
import type { CallOptions, Connection } from './connection.ts'
import { asFileError, MayflyError } from './errors.ts'
import { type PieceSizer, SMALLEST_BYTES } from './piece-size.ts'
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

  /** Only a declared file starts over, if the response is lost and the request repeated; another one would be added twice. */
  const isSentAtOnce = (): boolean =>
    fileId !== undefined && (source.size ?? Number.POSITIVE_INFINITY) <= SMALLEST_BYTES

  /** Creates the upload, with all bytes of a small file, and returns the number of bytes that the server has. */
  async function create(): Promise<number> {
    const piece = isSentAtOnce() ? await source.slice(0, SMALLEST_BYTES) : undefined
    const headers = {
      ...VERSION,
      ...target.headers,
      ...(isDeferred ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(source.size) }),
      'Upload-Metadata': metadataOf({
        ...target.metadata,
        ...(fileId === undefined ? {} : { fileId }),
        filename: file.name,
        filetype: file.type,
      }),
    }
    const answer = await send(`${connection.url}/tus`, 'POST', headers, piece)
    url = new URL(answer.get('Location') ?? '', `${connection.url}/tus`).href
    const offset = bytesIn(answer)
    if (offset !== source.size) await onUrl(url)
    return offset
  }

  /** `piece`: the bytes from the offset `from` on. */
  async function send(
    address: string,
    method: 'POST' | 'PATCH',
    headers: Record<string, string>,
    piece?: Blob,
    from = 0,
  ): Promise<Headers> {
    const carried = piece && {
      headers: { ...headers, 'Content-Type': PIECE_TYPE },
      body: piece,
      onSent: (bytes: number) => onSent(from + bytes),
    }
    try {
      return (await connection.call(address, { ...common, method, headers, ...carried })).headers
    } catch (error) {
      throw piece ? await reasonNotSent(error, piece) : error
    }
  }

  async function begin(): Promise<number> {
    try {
      return await create()
    } catch (error) {
      if (fileId === undefined || !isPlaceLost(error)) throw error
      fileId = undefined // its place was given up, so it is added to the upload
      return create()
    }
  }

  async function locate(): Promise<number> {
    return (url === undefined ? undefined : await offsetAt(url, connection, common)) ?? begin()
  }

  async function sendPiece(at: string, from: number): Promise<number> {
    const piece = await source.slice(from, from + pieces.bytes())
    const isEnd = isDeferred && source.size === from + piece.size
    const headers = {
      ...VERSION,
      'Upload-Offset': String(from),
      ...(isEnd ? { 'Upload-Length': String(source.size) } : {}),
    }
    const startedAt = Date.now()
    try {
      const answer = await send(at, 'PATCH', headers, piece, from)
      pieces.took(piece.size, Date.now() - startedAt)
      return bytesIn(answer)
    } catch (error) {
      if (isTooLargeForProxy(error) && pieces.refused(piece.size)) return from
      // What the server had is gone. A place that was given up meanwhile is not taken anew.
      if (from > 0 && isUnknown(error)) return create()
      throw error
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
