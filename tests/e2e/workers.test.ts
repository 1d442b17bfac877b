import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { jsonOf } from '../helpers/answers.ts'
import { type CreatedUpload, fileForm } from '../helpers/client.ts'
import { freePort, startPostgres } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { type SpawnedServer, spawnServer, untilTwoAnswer, workersOf } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

/** A connection of its own for each request: that is what workers share. */
const put = (server: SpawnedServer, content: string): Promise<string> =>
  fetch(`${server.url}/x.txt`, { method: 'PUT', body: content, headers: { Connection: 'close' } }).then((r) => r.text())

const get = (link: string): Promise<string> =>
  fetch(link.trim(), { headers: { Connection: 'close' } }).then((r) => r.text())

/** A recipient gets `content` with a single request after the sender has connected. */
async function streamed({ url }: SpawnedServer, content: string): Promise<void> {
  const body = JSON.stringify({ stream: true, files: [{ fileName: 'a.txt' }] })
  const { id, uploadToken, files } = await jsonOf<CreatedUpload>(fetch(`${url}/upload`, { method: 'POST', body }))
  const path = `/stream/${id}/${files?.[0]?.id}/a.txt`
  const headers = { 'X-UploadToken': uploadToken, Connection: 'close' }
  const leave = new AbortController()
  const { signal } = leave
  const sent = fetch(url + path, { method: 'POST', headers, body: fileForm(content, 'a.txt'), signal })
  sent.catch(() => {}) // looked at below
  await waitFor(async () => {
    const { files } = await jsonOf<CreatedUpload>(fetch(`${url}/upload/${id}`))
    expect(files?.[0]?.status).toBe('uploading')
  }, 50)
  const received = await fetch(url + path, { headers: { Connection: 'close' } })
  if (received.status !== 200) leave.abort() // else it waits for the next reader
  expect([received.status, await received.text()]).toEqual([200, content])
  expect((await sent).status).toBe(200)
}

test('several workers share a port and what they hold; figures are of all together, and SIGTERM ends all', async () => {
  const port = await freePort()
  const server = await spawnServer({ WORKERS: '2', METRICS_PORT: String(port) })
  await untilTwoAnswer(server)

  const links = await Promise.all(['a', 'b', 'c', 'd'].map((content) => put(server, content)))
  const contents = await Promise.all(links.map(get))
  const figures = await (await fetch(`http://127.0.0.1:${port}/`)).text()

  expect(contents).toEqual(['a', 'b', 'c', 'd'])
  expect(figures).toMatch(
    /^mayfly_http_request_duration_seconds_count\{method="PUT",route="\/:name",status="200"\} 4$/m,
  )
  expect(await server.kill('SIGTERM')).toBe(0)
  await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed')
})

/** Of the streams whose reader came to another worker than the sender: the worker of the sender, by the log lines of both. */
function sendersOfCrossed(server: SpawnedServer): string[] {
  const answered = server.logs().filter(({ msg, route }) => msg === 'answered' && /\/stream\//.test(String(route)))
  const worker = ({ reqId }: Record<string, unknown>): string => String(reqId).split('-')[0] ?? ''
  const sent = answered.filter(({ route }) => String(route).startsWith('POST'))
  return sent
    .filter((one) => answered.some((other) => other.file === one.file && worker(other) !== worker(one)))
    .map(worker)
}

/** Sends streams until enough were passed from worker to worker, in both directions; returns how many those were. */
async function streamAcrossWorkers(server: SpawnedServer, enough: number): Promise<number> {
  for (;;) {
    await Promise.all(['a', 'b', 'c', 'd'].map((content) => streamed(server, content)))
    const senders = sendersOfCrossed(server)
    if (senders.length >= enough && new Set(senders).size === 2) return senders.length
  }
}

// A port that both shared would be the wrong one for every second of these readers.
test('a stream reaches its reader, whichever worker each of them came to', { timeout: 60_000 }, async () => {
  const server = await spawnServer({ WORKERS: '2' })
  await untilTwoAnswer(server)

  expect(await streamAcrossWorkers(server, 8)).toBeGreaterThanOrEqual(8)
})

test('wrong passwords are counted by all workers together', async () => {
  const server = await spawnServer({ WORKERS: '2' })
  await untilTwoAnswer(server)
  const body = JSON.stringify({ password: 'right' })
  const { id } = await jsonOf<CreatedUpload>(fetch(`${server.url}/upload`, { method: 'POST', body }))
  const guess = async (password: string): Promise<number> => {
    const Authorization = `Basic ${btoa(`plik:${password}`)}`
    return (await fetch(`${server.url}/upload/${id}`, { headers: { Authorization, Connection: 'close' } })).status
  }

  const misses = await Promise.all(Array.from({ length: 10 }, (_, index) => guess(`wrong ${index}`)))
  const later = await Promise.all(Array.from({ length: 8 }, () => guess('right')))

  expect(misses).toEqual(Array.from({ length: 10 }, () => 401))
  expect(later).toEqual(Array.from({ length: 8 }, () => 429))
})

test('a worker that dies is replaced, and the others continue', async () => {
  const server = await spawnServer({ WORKERS: '2' })
  await untilTwoAnswer(server)
  const link = await put(server, 'kept')

  process.kill(await childOf(server.pid), 'SIGKILL')
  await waitFor(() => expect(server.logs().map(({ msg }) => msg)).toContain('a worker died'))

  expect(await get(link)).toBe('kept')
  await waitFor(async () => {
    await get(`${server.url}/health`)
    expect(workersOf(server).length).toBeGreaterThanOrEqual(3)
  }, 50)
})

test.skipIf(!isInstalled('postgres'))(
  'a worker that has to start while PostgreSQL is down is tried again until it can, and the others continue',
  { timeout: 90_000 },
  async () => {
    const postgres = await startPostgres()
    onTestFinished(postgres.stop)
    const server = await spawnServer({ DATABASE_URL: `${postgres.url}/postgres`, WORKERS: '2' })
    await untilTwoAnswer(server)

    await postgres.crash()
    process.kill(await childOf(server.pid), 'SIGKILL')
    const messages = () => server.logs().map(({ msg }) => msg)
    await waitFor(() => expect(messages()).toContain('a worker could not start and will be tried again'))
    expect((await fetch(`${server.url}/health`, { headers: { Connection: 'close' } })).status).toBe(200)
    await postgres.start()

    await waitFor(async () => {
      await get(`${server.url}/health`)
      expect(workersOf(server).length).toBeGreaterThanOrEqual(3)
    }, 50)
    expect(await get(await put(server, 'kept'))).toBe('kept')
    expect(await server.kill('SIGTERM')).toBe(0)
  },
)

async function childOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return Number(children.split(' ')[0])
}
