import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memoryMiB } from '../bench/processes.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'

/** Asks for something, and reads no more than the kernel takes by itself. */
async function readNothing(server: SpawnedServer, path: string): Promise<void> {
  const { socket, send } = await rawClient(server.url)
  await send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
  await once(socket, 'data')
  socket.pause()
}

/** How many MiB memory grows by for each of `count` readers, after some before them. */
async function growthPerReader(server: SpawnedServer, path: string, count: number): Promise<number> {
  const readers = (number: number) => Promise.all(Array.from({ length: number }, () => readNothing(server, path)))
  await readers(10)
  const before = memoryMiB(server.pid).peak
  await readers(count)
  return (memoryMiB(server.pid).peak - before) / count
}

test('clients that do not read hold no copy of the data being sent to them', { timeout: 60_000 }, async () => {
  const server = await spawnServer()
  await fetch(`${server.url}/docs/`)

  for (const path of ['/docs/js/scalar.js', '/docs/openapi.json', '/openapi.json', '/', largestAsset()])
    expect(await growthPerReader(server, path, 200), path).toBeLessThan(0.25)
})

function largestAsset(): string {
  const folder = 'web/dist/assets'
  const sizeOf = (name: string) => statSync(`${folder}/${name}`).size
  const [largest = ''] = readdirSync(folder).sort((a, b) => sizeOf(b) - sizeOf(a))
  return `/assets/${largest}`
}
