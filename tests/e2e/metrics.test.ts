import { expect, test } from 'vitest'
import { fileForm } from '../helpers/client.ts'
import { freePort } from '../helpers/postgres-server.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

test('figures for Prometheus are on a port of their own, by route and without links or names', async () => {
  const port = await freePort()
  const server = await spawnServer({ METRICS_PORT: String(port) })
  const link = await (await fetch(server.url, { method: 'POST', body: fileForm('hello', 'secret-name.txt') })).text()
  await (await fetch(link.trim())).text()
  await (await fetch(`${server.url}/no/such/path`)).text()

  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  const figures = await answer.text()

  expect(answer.headers.get('content-type')).toContain('text/plain')
  expect(figures).toMatch(/^mayfly_http_request_duration_seconds_count\{method="POST",route="\/",status="200"\} 1$/m)
  expect(figures).toMatch(
    /^mayfly_http_request_duration_seconds_count\{method="GET",route="\/file\/:uploadId\/:fileId\/\*",status="200"\} 1$/m,
  )
  expect(figures).toMatch(
    /^mayfly_http_request_duration_seconds_count\{method="GET",route="\(none\)",status="404"\} 1$/m,
  )
  expect(figures).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(figures).not.toContain('secret-name')
  expect(figures).not.toContain(link.split('/')[4])
})

test('without a port for them, figures are nowhere', async () => {
  const server = await spawnServer()

  expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
})
