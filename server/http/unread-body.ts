import type { IncomingMessage, Server } from 'node:http'

/** Handling of request bodies that are not read completely. */

const CHECK_MS = 100
/** How long the rest of a body is read after the response, so that a client that is still sending can read the response. */
const LINGER_MS = 10_000
const LINGER_BYTES = 64 * 1024 * 1024

/**
 * Closes the connection of an answered request if its body does not end soon: Node would read it without limit. If the
 * body ends in time, the connection can be used again.
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
 * Sends `100 Continue` once a handler begins to read the body, so that clients do not send the body of a request that is
 * rejected by its headers. Such a rejection closes the connection: the client may send the body anyway, or its next
 * request.
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
