import type { IncomingMessage, Server } from 'node:http'

/** Bodies that nobody reads to their end. */

const CHECK_MS = 100
/** How long, and how much of it, a body is read on after its answer, so that a client that is still sending can read the answer. */
const LINGER_MS = 10_000
const LINGER_BYTES = 64 * 1024 * 1024

/**
 * Ends the connection of a request that was answered and whose body does not end soon: Node would read it for as long as anything
 * comes. A connection whose body ends in time can be used again.
 */
export function boundUnreadBody(request: IncomingMessage, lingerMs = LINGER_MS): void {
  const { socket } = request
  const readBefore = socket.bytesRead
  let checks = 0
  const timer = setInterval(() => {
    checks += 1
    const isOver = request.complete || socket.destroyed
    const isTooMuch = checks * CHECK_MS >= lingerMs || socket.bytesRead - readBefore > LINGER_BYTES
    if (isOver || isTooMuch) clearInterval(timer)
    if (!isOver && isTooMuch) socket.destroy()
  }, CHECK_MS).unref()
}

/**
 * Sends `100 Continue` once somebody begins to read the body, so that what is refused by its head is never sent. Such a refusal ends
 * the connection: the client may send the body nevertheless, or its next request.
 */
export function continueWhenRead(server: Server): void {
  server.on('checkContinue', (request, response) => {
    const { _read: read } = request
    const { shouldKeepAlive } = response
    response.shouldKeepAlive = false
    request._read = (size) => {
      request._read = read
      response.shouldKeepAlive = shouldKeepAlive
      if (!response.headersSent) response.writeContinue()
      read.call(request, size)
    }
    server.emit('request', request, response)
  })
}
