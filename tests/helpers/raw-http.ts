import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestApp } from './make-app.ts'

export interface RawAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}

/** A connection on which a test writes what no HTTP client would. Ask for `Connection: close`: the answer ends with it. */
export async function openConnection(app: TestApp) {
  const { hostname, port } = new URL(app.url)
  const socket = connect({ host: hostname, port: Number(port) })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.on('error', () => {}) // a reset is one of the answers that tests look at
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  return {
    send: (bytes: string | Buffer) => void socket.write(bytes),
    /** Ends our side only, as a sender does that has nothing more to say. */
    end: () => void socket.end(),
    /** The client dies. */
    cut: () => void socket.resetAndDestroy(),
    answer: async (): Promise<RawAnswer> => {
      await closed
      return parseAnswer(Buffer.concat(received).toString())
    },
  }
}

/** Sends a request as it stands, lines joined by CRLF, with `Connection: close` added. */
export async function sendRaw(app: TestApp, lines: string[], body: string | Buffer = ''): Promise<RawAnswer> {
  const connection = await openConnection(app)
  connection.send(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  if (body.length > 0) connection.send(body)
  return connection.answer()
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ])
  return { status: Number(statusLine.split(' ')[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) }
}
