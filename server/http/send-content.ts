import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { OneChunk } from '../../storage/one-chunk.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import type { HeaderList } from './content-headers.ts'

/** How long a reader may pause, as browsers do, before the connection is cut. */
export const STALLED_READER_MS = 120_000

/** The number of bytes that the kernel accepted, and whether that was everything. */
export interface Sent {
  bytes: number
  isWhole: boolean
}

/**
 * Sends bytes as the response. Bypasses `reply.send`, whose stream handling reaches 45 % of this speed: each chunk is
 * written to the socket and the next one requested when the kernel has accepted it, so that memory use does not depend on
 * the size. If the source or the reader fails midway, the connection is cut, so that a partial response never looks
 * complete.
 */
export async function sendContent(
  reply: FastifyReply,
  status: number,
  headers: HeaderList,
  bytes: AsyncIterable<Buffer>,
): Promise<Sent> {
  const { raw } = reply
  if (bytes instanceof OneChunk) return sendChunk(reply, status, headers, bytes.chunk)
  const sent: Sent = { bytes: 0, isWhole: false }
  const chunks = bytes[Symbol.asyncIterator]()
  let next = await chunks.next() // before the headers: if nothing can be read, an error is still possible
  writeHead(reply, status, headers)
  try {
    if (!raw.chunkedEncoding && !headers.includes('Content-Length')) resetUnlessWhole(raw)
    for (; !next.done; next = await chunks.next()) {
      await write(raw, next.value)
      sent.bytes += next.value.length
    }
    raw.end()
    sent.isWhole = true
  } catch (error) {
    raw.destroy()
    await chunks.return?.()
    if (kindOf(error) !== 'aborted') reply.log.error({ err: error }, 'download failed midway')
  }
  return sent
}

/** Headers and bytes in one write, which the kernel accepts at once unless the reader is slow. */
function sendChunk(reply: FastifyReply, status: number, headers: HeaderList, chunk: Buffer): Promise<Sent> {
  const { raw } = reply
  writeHead(reply, status, headers)
  return new Promise((resolve) => {
    raw.once('close', () => resolve({ bytes: 0, isWhole: false }))
    raw.end(chunk, () => resolve({ bytes: chunk.length, isWhole: true }))
  })
}

/** Bypasses Fastify, but includes the headers set on the reply. */
function writeHead(reply: FastifyReply, status: number, headers: HeaderList): void {
  const { raw } = reply.hijack()
  raw.socket?.setTimeout(STALLED_READER_MS)
  raw.writeHead(status, [...Object.entries(reply.getHeaders()).flat(), ...headers] as OutgoingHttpHeader[])
}

/**
 * Over HTTP/1.0 a response without a length ends with its connection (RFC 9112 §6.3), and a client recognises a cut only
 * by the error that closed it (§8). So if the response is incomplete, also because of a timeout or a shutdown, the
 * connection is reset.
 */
function resetUnlessWhole(raw: ServerResponse): void {
  const { socket } = raw
  if (!socket) return
  const { destroy } = socket
  socket.destroy = (error) => {
    socket.destroy = destroy
    return raw.writableFinished ? socket.destroy(error) : socket.resetAndDestroy()
  }
}

function write(raw: ServerResponse, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new AppError('reader_gone'))
    if (raw.destroyed) return onClose()
    raw.once('close', onClose)
    raw.write(chunk, (error) => {
      raw.off('close', onClose)
      if (error) reject(new AppError('reader_gone', {}, { cause: error }))
      else resolve()
    })
  })
}
