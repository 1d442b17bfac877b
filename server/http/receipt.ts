import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { acknowledged, type Connection } from './kernel-queue.ts'

/** Told when the next request comes in on a connection. */
const waiting = new WeakMap<Socket, () => void>()

/** A client that asks for something else on a connection has the answer before: `receiptOf` learns it here. */
export function confirmByNextRequests(server: Server): void {
  server.on('request', ({ socket }) => waiting.get(socket)?.())
}

/**
 * Whether the client got all of the answer whose last bytes were just handed to its connection. Resolves once the connection
 * tells: with true when another request comes in, or when it ends in order; with false when it is reset, and when it ends while
 * bytes are still on their way. A client that leaves early resets the connection if bytes wait to be read, else it only
 * closes it (the reset that follows comes too late). The time is bounded by the server's own limits on idle connections.
 */
export function receiptOf(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false)
  const { localPort, remoteAddress, remotePort, destroySoon } = socket
  const connection = { localPort, remoteAddress, remotePort }
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const onEnd = () => resolve(endedInOrder(socket, connection))
  const onClose = (hadError: boolean) => resolve(hadError ? false : wasAcknowledged(connection))
  waiting.set(socket, () => resolve(true))
  socket.destroySoon = () => void socket.end() // `Connection: close`: else node closes it without waiting for the client
  socket.prependListener('end', onEnd).on('close', onClose)
  return promise.finally(() => {
    waiting.delete(socket)
    socket.off('end', onEnd).off('close', onClose).destroySoon = destroySoon
  })
}

/** The socket stays open until the kernel was asked: of a closed one it does not tell a reset from an orderly end. */
async function endedInOrder(socket: Socket, connection: Connection): Promise<boolean> {
  const { end } = socket
  socket.end = () => socket
  const state = await acknowledged(connection)
  socket.end = end
  socket.end()
  return state === 'all' || state === 'unknown'
}

/** Of a connection that this server closed: one that the kernel has forgotten since then ended in order. */
const wasAcknowledged = async (connection: Connection): Promise<boolean> =>
  (await acknowledged(connection)) !== 'not all'
