import {
  closeSync,
  createReadStream,
  createWriteStream,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
} from 'node:fs'
import { rename } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

/**
 * What Mayfly is compared with: a bare `node:http` server as one would write it first. Files are piped to and from disk
 * and synced as Mayfly's are, file and folder; it knows no database, limits, digests, sniffing or log. A form is stored as
 * the opaque bytes that it is, without parsing; where its one file begins and ends in them is looked up afterwards.
 *
 * `node reference-server.ts PORT FOLDER`; `POST /` (a form with one part), `PUT /name`, `GET /file/N` with ranges.
 */

const [port, folder = '.'] = process.argv.slice(2)
const sync = promisify(fsync)

interface Stored {
  path: string
  /** Where its content begins, and its length, in bytes. */
  start: number
  length: number
}

const stored: Stored[] = []
const final = join(folder, 'files')
const temporary = join(folder, 'tmp')
for (const path of [final, temporary]) mkdirSync(path, { recursive: true })
const directory = openSync(final, 'r')
fsyncSync(directory)

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    response.destroy()
  })
}).listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return request.url === '/health' ? void response.end('ok\n') : send(request, response)
  const name = `${stored.length}`
  const file: Stored = { path: join(final, name), start: 0, length: 0 }
  stored.push(file)
  const sink = createWriteStream(join(temporary, name), { flags: 'wx', flush: true })
  await pipeline(request, sink)
  await rename(join(temporary, name), file.path)
  await sync(directory)
  file.length = sink.bytesWritten
  if (request.method === 'POST') locateContent(file, request.headers['content-type'] ?? '')
  response.end(`http://${request.headers.host}/file/${name}\n`)
}

/** Of a form with a single part: its head is in the first bytes, and after it come `\r\n--boundary--\r\n`. */
function locateContent(file: Stored, contentType: string): void {
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1] ?? ''
  const head = Buffer.alloc(4096)
  const fd = openSync(file.path, 'r')
  const length = readSync(fd, head, 0, head.length, 0)
  closeSync(fd)
  file.start = head.subarray(0, length).indexOf('\r\n\r\n') + 4
  file.length -= file.start + boundary.length + 8
}

async function send({ url = '', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = stored[Number(url.split('/')[2])]
  if (!file) return void response.writeHead(404).end()
  const [, first = '0', last = `${file.length - 1}`] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  const [start, end] = [Number(first), Number(last)]
  response.writeHead(headers.range ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end + 1 - start,
    ...(headers.range && { 'Content-Range': `bytes ${start}-${end}/${file.length}` }),
  })
  await pipeline(createReadStream(file.path, { start: file.start + start, end: file.start + end }), response)
}
