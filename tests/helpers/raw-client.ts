import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface RawAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}

export interface RawClient {
  socket: Socket
  /** Resolves when the kernel has accepted it; rejects when the connection is closed. */
  send: (bytes: string | Uint8Array) => Promise<void>
  /** The first answer, once it is whole. Rejects when the connection ends before. */
  answer: () => Promise<RawAnswer>
  /** The first status that came, `100 Continue` included. Rejects when the connection ends before. */
  informed: () => Promise<number>
  /** Resolves when the connection is closed, by either end and in any way. */
  closed: Promise<void>
}

/** A TCP connection to the server, for what no decent client does. It goes with the test. */
export async function rawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await once(socket, 'connect')

  const send = (bytes: string | Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const gone = () => reject(new Error('the connection is gone'))
      if (socket.destroyed) return gone()
      socket.once('close', gone)
      socket.write(bytes, (error) => {
        socket.off('close', gone)
        if (error) reject(error)
        else resolve()
      })
    })

  function answer(): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = parseAnswer(Buffer.concat(chunks))
        if (found) resolve(found)
        return found !== undefined
      }
      if (look()) return
      socket.on('data', look)
      void closed.then(
        () => look() || reject(new Error(`no whole answer, only: ${Buffer.concat(chunks).toString('latin1')}`)),
      )
    })
  }

  async function informed(): Promise<number> {
    while (chunks.length === 0) await once(socket, 'data')
    return Number(Buffer.concat(chunks).toString('latin1').split(' ')[1])
  }

  return { socket, send, answer, informed, closed }
}

/** The first answer that is not `100 Continue`; undefined while something of it is missing. */
function parseAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const rest = bytes.subarray(end + 4)
  const status = Number(statusLine.split(' ')[1])
  if (status === 100) return parseAnswer(rest)
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]?.toLowerCase(), line.replace(/^[^:]*:\s*/, '')]),
  )
  const length = Number(headers['content-length'] ?? 0)
  if (rest.length < length) return undefined
  return { status, headers, body: rest.subarray(0, length).toString() }
}

export const BOUNDARY = 'AaB03x'

/** The part of a form up to its content. */
export const formPart = (name: string, filename?: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`

export const FORM_END = `\r\n--${BOUNDARY}--\r\n`

/** The head of a request; without a length the body is chunked. */
export function head(method: string, path: string, headers: Record<string, string | number> = {}): string {
  const all = { Host: '127.0.0.1', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

export const chunk = (content: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

export const LAST_CHUNK = '0\r\n\r\n'
export const CHUNKED = { 'Transfer-Encoding': 'chunked' }
export const CHUNKED_FORM = { ...CHUNKED, 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
