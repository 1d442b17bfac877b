import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { acknowledged, type Connection } from './kernel-queue.ts'

/** Called when the next request arrives on a connection. */
const waiting = new WeakMap<Socket, () => void>()

/** A client that sends another request on a connection has received the previous response; this reports it to `receiptOf`. */
export function confirmByNextRequests(server: Server): void {
  server.on('request', ({ socket }) => waiting.get(socket)?.())
}

/**
 * Whether the client received the complete response whose last bytes were just handed to its connection. Resolves with
 * true if another request arrives or the connection is closed in order; with false if it is reset, or closed while bytes
 * are still unacknowledged. A client that disconnects early resets the connection if there are unread bytes, otherwise it
 * only closes it (the reset that follows is too late). The wait is bounded by the server's limits on idle connections.
 */
export function receiptOf(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false)
  const { localPort, remoteAddress, remotePort, destroySoon } = socket
  const connection = { localPort, remoteAddress, remotePort }
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const onEnd = () => resolve(endedInOrder(socket, connection))
  const onClose = (hadError: boolean) => resolve(hadError ? false : wasAcknowledged(connection))
  waiting.set(socket, () => resolve(true))
  socket.destroySoon = () => void socket.end() // `Connection: close`: otherwise Node closes it without waiting for the client
  socket.prependListener('end', onEnd).on('close', onClose)
  return promise.finally(() => {
    waiting.delete(socket)
    socket.off('end', onEnd).off('close', onClose).destroySoon = destroySoon
  })
}

/**
 * The socket stays open until the kernel was queried: for a closed socket it does not distinguish a reset from an orderly
 * end.
 */
async function endedInOrder(socket: Socket, connection: Connection): Promise<boolean> {
  const { end } = socket
  socket.end = () => socket
  const state = await acknowledged(connection)
  socket.end = end
  socket.end()
  return state === 'all' || state === 'unknown'
}

/** For a connection that this server closed: if the kernel no longer knows it, it was closed in order. */
const wasAcknowledged = async (connection: Connection): Promise<boolean> =>
  (await acknowledged(connection)) !== 'not all'
