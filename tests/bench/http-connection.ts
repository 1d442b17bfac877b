import { connect, type Socket } from 'node:net'

/**
 * HTTP/1.1 over a kept-open socket, as cheap as it gets: the client shares the machine with the server that is measured.
 * It knows answers with a Content-Length and nothing else, and reads into one buffer.
 */
export interface Connection {
  /** Sends a prepared request and reads its whole answer. `onBody` sees each piece, valid only during the call, and where it lies. */
  exchange: (request: string | Buffer, onBody: (piece: Buffer, offset: number) => void) => Promise<Answer>
  /** Sends a request, waits for the first bytes of the body and reads no further. */
  stall: (request: string) => Promise<Answer>
  close: () => void
}

export interface Answer {
  status: number
  /** Bytes of the body. */
  length: number
}

interface Pending {
  onBody: (piece: Buffer, offset: number) => void
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
  stallsAtBody: boolean
}

const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_HEAD_BYTES = 16 * 1024

export function openConnection(port: number, bufferBytes = 256 * 1024): Promise<Connection> {
  let pending: Pending | undefined
  let answer: Answer | undefined
  let head: Buffer = Buffer.alloc(0)
  let received = 0

  /** False stops reading. */
  function onData(count: number, buffer: Uint8Array): boolean {
    if (!pending) return fail('an answer that nobody asked for')
    const piece = Buffer.from(buffer.buffer, buffer.byteOffset, count)
    const body = answer ? piece : afterHead(piece)
    if (!body || !answer || !pending) return true
    if (pending.stallsAtBody && body.length > 0) return settle(answer, false)
    if (body.length > 0) pending.onBody(body, received)
    received += body.length
    if (received > answer.length) return fail('a body longer than its Content-Length')
    return received < answer.length || settle(answer, true)
  }

  /** The part of `piece` that belongs to the body, once the head is whole. */
  function afterHead(piece: Buffer): Buffer | undefined {
    const all = head.length === 0 ? piece : Buffer.concat([head, piece])
    const end = all.indexOf(HEAD_END)
    if (end === -1) {
      if (all.length > MAX_HEAD_BYTES) fail('an answer without end of head')
      head = Buffer.from(all)
      return undefined
    }
    const text = all.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
    const status = Number(text.slice(9, 12))
    if (length === undefined && status !== 204 && status !== 304) fail(`an answer without Content-Length: ${text}`)
    else answer = { status, length: Number(length ?? 0) }
    head = Buffer.alloc(0)
    return all.subarray(end + HEAD_END.length)
  }

  function settle(done: Answer, goesOn: boolean): boolean {
    const { resolve } = pending as Pending
    pending = undefined
    answer = undefined
    received = 0
    resolve(done)
    return goesOn
  }

  function fail(reason: string): false {
    pending?.reject(new Error(`load client: ${reason}`))
    pending = undefined
    socket.destroy()
    return false
  }

  const onread = { buffer: Buffer.allocUnsafeSlow(bufferBytes), callback: onData }
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true, onread })
  socket.on('close', () => fail('the connection was cut'))
  socket.on('error', (error) => fail(error.message))

  function send(request: string | Buffer, onBody: Pending['onBody'], stallsAtBody: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      pending = { onBody, resolve, reject, stallsAtBody }
      if (socket.destroyed) fail('the connection is closed')
      else socket.write(request as string, 'latin1')
    })
  }

  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () =>
      resolve({
        exchange: (request, onBody) => send(request, onBody, false),
        stall: (request) => send(request, () => {}, true),
        close: () => void socket.destroy(),
      }),
    )
  })
}
