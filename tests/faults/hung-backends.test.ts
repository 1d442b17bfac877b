import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { CreatedUpload } from '../helpers/client.ts'
import { freePort, startPostgres } from '../helpers/postgres-server.ts'
import { isInstalled } from '../helpers/programs.ts'
import { type S3Server, s3Settings, startS3Server } from '../helpers/s3-server.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

/** What is answered, and after how long. */
async function answered(request: Promise<Response>) {
  const startedAt = performance.now()
  const answer = await request
  const text = await answer.text()
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    text,
    ms: performance.now() - startedAt,
  }
}

const outagesOf = (server: SpawnedServer) => server.logs().filter(({ outage }) => outage !== undefined)

describe.skipIf(!isInstalled('ceph'))('an S3 server that hangs', () => {
  let s3: S3Server

  beforeAll(async () => {
    s3 = await startS3Server()
  })

  afterAll(() => s3?.stop())

  const given = () =>
    spawnServer({
      ...s3Settings(s3),
      S3_TIMEOUT: '1s',
      IDLE_TIMEOUT: '2s',
    })

  test('is answered for with words, in a bounded time, and noted once in the log', { timeout: 120_000 }, async () => {
    const server = await given()
    const put = (size: number, query = '') =>
      fetch(`${server.url}/x.bin${query}`, {
        method: 'PUT',
        body: new Uint8Array(size),
        headers: { Accept: 'text/plain' },
      })
    const link = (await (await put(3_000_000)).text()).trim()
    const id = new URL(link).pathname.split('/')[2]
    const created = await fetch(`${server.url}/upload`, { method: 'POST', body: '{}' })
    const upload = (await created.json()) as CreatedUpload
    const form = new FormData()
    form.append('file', new Blob(['x']), 'x.txt')
    const headers = { 'X-UploadToken': upload.uploadToken }

    await s3.freezeGateway()
    onTestFinished(() => s3.thawGateway())
    const ready = await answered(fetch(`${server.url}/ready`))
    const [health, ...others] = await Promise.all([
      answered(fetch(`${server.url}/health`)),
      answered(fetch(link)),
      answered(fetch(link, { headers: { Range: 'bytes=5-9' } })),
      answered(fetch(`${server.url}/archive/${id}/all.zip`)),
      answered(put(1_000)),
      answered(put(20_000_000)),
      answered(fetch(`${server.url}/file/${upload.id}`, { method: 'POST', body: form, headers })),
    ])

    expect(ready).toMatchObject({ status: 503, retryAfter: '5', text: 'the storage does not answer\n' })
    expect(ready.ms).toBeLessThan(2_000)
    expect(health.status).toBe(200)
    for (const one of others) {
      expect(one).toMatchObject({ status: 503, retryAfter: '5' })
      expect(one.text).toContain('the storage is not available at the moment')
      expect(one.ms).toBeLessThan(15_000)
    }
    expect(
      outagesOf(server)
        .map(({ outage }) => outage)
        .sort(),
    ).toEqual(['the storage does not answer', 'the storage is not available at the moment'])

    await s3.thawGateway()
    await waitFor(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200))
    expect((await (await fetch(link)).arrayBuffer()).byteLength).toBe(3_000_000)
  })

  test('does not hold up a start', { timeout: 60_000 }, async () => {
    await s3.freezeGateway()
    onTestFinished(() => s3.thawGateway())

    const server = await given()

    expect((await answered(fetch(`${server.url}/health`))).status).toBe(200)
    expect((await answered(fetch(`${server.url}/ready`))).status).toBe(503)
  })
})

describe.skipIf(!isInstalled('postgres'))('a PostgreSQL server', () => {
  async function given() {
    const postgres = await startPostgres()
    onTestFinished(postgres.stop)
    const port = await freePort()
    const server = await spawnServer({ DATABASE_URL: `${postgres.url}/postgres`, METRICS_PORT: String(port) })
    return { postgres, server, metrics: () => answered(fetch(`http://127.0.0.1:${port}/metrics`)) }
  }

  test('that hangs: the server says at once that it is not ready, and tells the figures that it knows', async () => {
    const { postgres, server, metrics } = await given()
    await answered(fetch(`${server.url}/config`))

    postgres.freeze()
    onTestFinished(postgres.thaw)
    const answers = await Promise.all([1, 2, 3].map(() => answered(fetch(`${server.url}/ready`))))
    const figures = await metrics()

    for (const ready of answers) {
      expect(ready).toMatchObject({ status: 503, retryAfter: '5', text: 'the database does not answer\n' })
      expect(ready.ms).toBeLessThan(2_000)
    }
    expect(figures.status).toBe(200)
    expect(figures.text).toMatch(/^mayfly_broken_files NaN$/im)
    expect(figures.text).toMatch(/^mayfly_http_request_duration_seconds_count\{.*route="\/config".*\} 1$/m)

    postgres.thaw()
    await waitFor(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200))
    expect((await metrics()).text).toMatch(/^mayfly_broken_files 0$/m)
  })

  test('that is down: each answer says when to ask again, and the log has one line', async () => {
    const { postgres, server, metrics } = await given()

    await postgres.crash()
    for (let count = 0; count < 4; count += 1) {
      expect(await answered(fetch(`${server.url}/upload/AAAAAAAAAAAAAAAA`))).toMatchObject({
        status: 503,
        retryAfter: '2',
      })
      await sleep(1_000) // the job agent fails each second
    }

    expect(await answered(fetch(`${server.url}/ready`))).toMatchObject({ status: 503, retryAfter: '2' })
    expect((await metrics()).status).toBe(200)
    expect(outagesOf(server)).toHaveLength(1)
    expect(server.output()).not.toContain('"stack"')
  })
})
