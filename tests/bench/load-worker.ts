import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Connection, openConnection } from './http-connection.ts'
import type { FilesJob, Job, LoadReport, RangesJob, SlowJob, StallJob, UploadJob, WholeJob } from './load-jobs.ts'
import { stamp } from './load-jobs.ts'

/** The load client: a process of its own that `load.ts` gives jobs to. Every answer is checked, or the job fails. */

process.on('message', (job: Job) => {
  run(job).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})

/** However the bench ended. */
process.on('disconnect', () => process.exit())

const BOUNDARY = 'mayfly-bench-0123456789'
const FORM_START = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="load.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`
const FORM_END = `\r\n--${BOUNDARY}--\r\n`
/** How much of each piece of a large body is compared. */
const SAMPLE_BYTES = 4096
const VERIFIED_UPLOADS = 64
const NOTHING: LoadReport = { requests: 0, seconds: 0, p50: 0, p99: 0, max: 0, paths: [] }

const SLOW_PIECE_BYTES = 64 * 1024

const stalled: Connection[] = []

function run(job: Job): Promise<LoadReport> {
  switch (job.kind) {
    case 'upload':
      return upload(job)
    case 'files':
      return files(job)
    case 'ranges':
      return ranges(job)
    case 'whole':
      return whole(job)
    case 'stall':
      return stall(job)
    case 'slow':
      return slow(job)
    case 'release':
      for (const connection of stalled.splice(0)) connection.close()
      return Promise.resolve(NOTHING)
  }
}

type OneRequest = (connection: Connection, number: number) => Promise<void>

/** `prepare` makes what each connection needs for itself, before the clock starts. */
async function drive(
  job: { port: number; connections: number; durationMs?: number; requests?: number },
  prepare: () => OneRequest,
): Promise<LoadReport> {
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(job.port)))
  const makers = connections.map(prepare)
  const times: number[] = []
  let next = 0
  const startedAt = performance.now()
  const deadline = startedAt + (job.durationMs ?? Number.POSITIVE_INFINITY)
  async function work(connection: Connection, request: OneRequest | undefined): Promise<void> {
    for (let now = performance.now(); now < deadline && next < (job.requests ?? Number.POSITIVE_INFINITY); ) {
      await request?.(connection, next++)
      const then = now
      now = performance.now()
      times.push(now - then)
    }
  }
  try {
    await Promise.all(connections.map((connection, index) => work(connection, makers[index])))
    return report(times, performance.now() - startedAt)
  } finally {
    for (const connection of connections) connection.close()
  }
}

function report(times: number[], elapsedMs: number): LoadReport {
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return { ...NOTHING, requests: times.length, seconds: elapsedMs / 1000, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Each answer must be a success with a link of its own; afterwards some of the files are read back and compared. */
async function upload(job: UploadJob): Promise<LoadReport> {
  const content = readFileSync(job.source)
  const paths: string[] = []
  const result = await drive(job, () => uploader(job, content, paths))
  if (new Set(paths).size !== result.requests) throw new Error('load client: two uploads got the same link')
  const step = Math.max(1, Math.floor(paths.length / VERIFIED_UPLOADS))
  await verify(job.port, job.source, paths, step)
  return { ...result, paths }
}

function uploader({ style, port }: UploadJob, content: Buffer, paths: string[]): OneRequest {
  const [opening, closing] = style === 'form' ? [FORM_START, FORM_END] : ['', '']
  const bytes = opening.length + content.length + closing.length
  const type = style === 'form' ? `Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\n` : ''
  const headOf = (number: number) =>
    `${style === 'form' ? 'POST /' : `PUT ${putPath(content.length, number)}`} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${type}Content-Length: ${bytes}\r\n\r\n`
  const longestHead = headOf(99_999_999).length
  const request = Buffer.concat([Buffer.alloc(longestHead), Buffer.from(opening), content, Buffer.from(closing)])
  const own = request.subarray(longestHead + opening.length)
  return async (connection, number) => {
    const head = headOf(number)
    request.write(head, longestHead - head.length, 'latin1')
    stamp(own, number)
    let link = ''
    const answer = await connection.exchange(request.subarray(longestHead - head.length), (piece) => {
      link += piece.toString('latin1')
    })
    if (answer.status < 200 || answer.status > 204) throw new Error(`load client: ${answer.status} ${link}`)
    paths[number] = answer.length === 0 ? putPath(content.length, number) : new URL(link.trim()).pathname
  }
}

const putPath = (bytes: number, number: number): string => `/load-${bytes}-${number}.bin`

async function verify(port: number, source: string, paths: string[], step: number): Promise<void> {
  const check = fileReader({ port, source, paths })
  const connection = await openConnection(port)
  for (let number = 0; number < paths.length; number += step) await check(connection, number)
  connection.close()
}

/** Every byte of every answer is compared. */
function files(job: FilesJob): Promise<LoadReport> {
  return drive(job, () => fileReader(job))
}

function fileReader({ port, source, paths }: { port: number; source: string; paths: string[] }): OneRequest {
  const expected = readFileSync(source)
  return async (connection, request) => {
    const number = request % paths.length
    stamp(expected, number)
    let isSame = true
    const answer = await connection.exchange(get(port, paths[number] ?? ''), (piece, offset) => {
      isSame &&= piece.compare(expected, offset, Math.min(offset + piece.length, expected.length)) === 0
    })
    assertWhole(answer, 200, expected.length, isSame)
  }
}

function ranges(job: RangesJob): Promise<LoadReport> {
  const source = openSource(job.source)
  const request: OneRequest = async (connection) => {
    const start = Math.floor(Math.random() * (source.size - job.length))
    const end = start + job.length - 1
    let isSame = true
    const answer = await connection.exchange(
      get(job.port, job.path, `Range: bytes=${start}-${end}\r\n`),
      (piece, offset) => {
        isSame &&= source.matches(piece, start + offset)
      },
    )
    assertWhole(answer, 206, job.length, isSame)
  }
  return drive(job, () => request).finally(source.close)
}

function whole(job: WholeJob): Promise<LoadReport> {
  const source = openSource(job.source)
  const request: OneRequest = async (connection) => {
    let isSame = true
    const answer = await connection.exchange(get(job.port, job.path), (piece, offset) => {
      isSame &&= source.matches(piece, offset)
    })
    assertWhole(answer, 200, source.size, isSame)
  }
  return drive({ ...job, requests: job.connections }, () => request).finally(source.close)
}

async function stall({ port, path, connections }: StallJob): Promise<LoadReport> {
  for (let count = 0; count < connections; count++) {
    const connection = await openConnection(port, 4096)
    stalled.push(connection)
    const { status } = await connection.stall(get(port, path))
    if (status !== 200) throw new Error(`load client: ${status} for a reader that is to stall`)
  }
  return { ...NOTHING, requests: connections }
}

/** A piece of each transfer at a time, so that all of them last for `durationMs`. */
async function slow({ port, path, source, connections, durationMs }: SlowJob): Promise<LoadReport> {
  const content = readFileSync(source)
  const pauseMs = durationMs / (content.length / SLOW_PIECE_BYTES)
  async function* pieces() {
    for (let start = 0; start < content.length; start += SLOW_PIECE_BYTES) {
      yield content.subarray(start, start + SLOW_PIECE_BYTES)
      await sleep(pauseMs)
    }
  }
  async function up(): Promise<void> {
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
    const sending = request({ port, host: '127.0.0.1', agent: false, method: 'POST', path: '/', headers })
    const answered = once(sending, 'response') as Promise<[IncomingMessage]>
    sending.write(FORM_START)
    for await (const piece of pieces()) sending.write(piece)
    sending.end(FORM_END)
    const [answer] = await answered
    if (answer.resume().statusCode !== 200) throw new Error(`load client: ${answer.statusCode} for a slow upload`)
  }
  async function down(): Promise<void> {
    const asking = request({ port, host: '127.0.0.1', agent: false, path }).end()
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    let length = 0
    for await (const piece of answer) {
      length += piece.length
      await sleep((pauseMs * piece.length) / SLOW_PIECE_BYTES)
    }
    if (length !== content.length) throw new Error(`load client: ${length} bytes of a slow download`)
  }
  await Promise.all(Array.from({ length: connections }, () => [up(), down()]).flat())
  return { ...NOTHING, requests: 2 * connections }
}

const get = (port: number, path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}\r\n`

function assertWhole({ status, length }: Answer, expectedStatus: number, expectedLength: number, isSame: boolean) {
  if (status !== expectedStatus) throw new Error(`load client: ${status} in place of ${expectedStatus}`)
  if (length !== expectedLength) throw new Error(`load client: ${length} bytes in place of ${expectedLength}`)
  if (!isSame) throw new Error('load client: wrong bytes')
}

/** A file too large to hold: what comes is compared in samples, the start of each piece. */
function openSource(path: string) {
  const fd = openSync(path, 'r')
  const { size } = fstatSync(fd)
  const sample = Buffer.alloc(SAMPLE_BYTES)
  const matches = (piece: Buffer, offset: number): boolean => {
    const length = readSync(fd, sample, 0, Math.min(SAMPLE_BYTES, piece.length), offset)
    return sample.compare(piece, 0, length, 0, length) === 0
  }
  return { size, matches, close: () => closeSync(fd) }
}
