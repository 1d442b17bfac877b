import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../helpers/postgres-server.ts'
import { CHUNKED, chunk, head, LAST_CHUNK, rawClient } from '../helpers/raw-client.ts'
import { type SpawnedServer, spawnServer, startServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

const temporaries = ({ dataDir }: SpawnedServer) => readdirSync(join(dataDir, 'files', 'tmp'))

/** An upload of which a part has reached the disk. */
async function givenUploadUnderWay(server: SpawnedServer) {
  const client = await rawClient(server.url)
  await client.send(head('PUT', '/slow.bin', CHUNKED))
  await client.send(chunk(new Uint8Array(3_000_000)))
  await waitFor(() => expect(temporaries(server)).toHaveLength(1))
  return client
}

async function refusesConnections({ url }: SpawnedServer): Promise<void> {
  await waitFor(() => expect(fetch(`${url}/health`)).rejects.toThrow())
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets a running upload and download finish, accepts no new ones, and ends well', async () => {
    const server = await spawnServer()
    const content = new Uint8Array(20_000_000)
    const link = await (await fetch(`${server.url}/x.bin`, { method: 'PUT', body: content })).text()
    const upload = await givenUploadUnderWay(server)
    const download = await fetch(link.trim())

    const exited = server.kill(signal)
    await refusesConnections(server)
    await upload.send(chunk('the end'))
    await upload.send(LAST_CHUNK)

    expect((await upload.answer()).status).toBe(200)
    expect((await download.arrayBuffer()).byteLength).toBe(content.length)
    expect(await exited).toBe(0)
    expect(temporaries(server)).toEqual([])
    expect(server.logs().filter(({ level }) => Number(level) >= 50)).toEqual([])
  })
})

test('a transfer that never ends is cut in the end, leaves nothing behind, and the exit is a clean one all the same', async () => {
  const server = await spawnServer({ SHUTDOWN_TIMEOUT: '1s' })
  const upload = await givenUploadUnderWay(server)
  const startedAt = performance.now()

  const code = await server.kill('SIGTERM')

  expect(code).toBe(0)
  expect(performance.now() - startedAt).toBeGreaterThan(900)
  expect(performance.now() - startedAt).toBeLessThan(4_000)
  await upload.closed
  expect(temporaries(server)).toEqual([])
  expect(server.logs().filter(({ level }) => Number(level) >= 50)).toEqual([])
})

test('a connection that is kept alive and idle does not hold up the end', async () => {
  const server = await spawnServer()
  const client = await rawClient(server.url)
  await client.send(head('GET', '/health'))
  await client.answer()
  const startedAt = performance.now()

  expect(await server.kill('SIGTERM')).toBe(0)

  expect(performance.now() - startedAt).toBeLessThan(4_000)
})

test('settings that make no sense stop the start with a line for each, and no secret among them', async () => {
  const server = startServer({
    PORT: 'eighty',
    MAX_FILE_SIZE: 'huge',
    MAX_FILE_SISE: '1GB',
    S3_ACCESS_KEY_ID: 'hunter2',
  })

  expect(await server.exited).toBe(1)

  expect(server.output().trimEnd().split('\n')).toEqual([
    'Invalid settings',
    expect.stringMatching(/^MAYFLY_PORT: /),
    expect.stringMatching(/^MAYFLY_MAX_FILE_SIZE: /),
    expect.stringMatching(/^MAYFLY_S3_SECRET_ACCESS_KEY: /),
    expect.stringMatching(/^MAYFLY_MAX_FILE_SISE: unknown setting, did you mean MAYFLY_MAX_FILE_SIZE\?/),
  ])
  expect(server.output()).not.toContain('hunter2')
})

test('the start announces where the page is, where the data is, and how to upload', async () => {
  const port = await freePort()
  const server = await spawnServer({ PORT: String(port), LOG_FORMAT: 'pretty' })

  expect(server.output()).toContain(`
Mayfly is ready

  page and API   http://127.0.0.1:${port}/
  data           ${server.dataDir}
  upload         curl -F 'file=@photo.jpg' http://127.0.0.1:${port}/
  administrator  none yet: mayfly user create --login admin --admin, and MAYFLY_FEATURE_AUTHENTICATION=enabled
`)
})

test('a connection that never asked for anything does not hold up the end', async () => {
  const server = await spawnServer()
  await rawClient(server.url)
  const startedAt = performance.now()

  expect(await server.kill('SIGTERM')).toBe(0)

  expect(performance.now() - startedAt).toBeLessThan(4_000)
})

test('whose limited download was cut by the end can continue it after the next start', async () => {
  const server = await spawnServer({ SHUTDOWN_TIMEOUT: '1s' })
  const content = new Uint8Array(20_000_000).fill(7)
  const headers = { maxDownloads: '1' }
  const link = (
    await (await fetch(`${server.url}/x.bin?oneShot=true`, { method: 'PUT', body: content, headers })).text()
  ).trim()
  const client = await rawClient(server.url)
  await client.send(head('GET', new URL(link).pathname, { 'User-Agent': 'x' }))
  await new Promise((resolve) => client.socket.once('data', resolve))
  client.socket.pause()

  expect(await server.kill('SIGTERM')).toBe(0)
  const next = await spawnServer({ DATA_DIR: server.dataDir })
  const resumed = await fetch(link.replace(server.url, next.url), {
    headers: { 'User-Agent': 'x', Range: 'bytes=1000-' },
  })

  expect(resumed.status).toBe(206)
  expect((await resumed.arrayBuffer()).byteLength).toBe(content.length - 1_000)
  expect(server.logs().filter(({ level }) => Number(level) >= 50)).toEqual([])
})
