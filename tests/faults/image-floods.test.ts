import { expect, test } from 'vitest'
import { memoryMiB } from '../bench/processes.ts'
import { sidewaysWebp } from '../helpers/images.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'
import { fileOfLink, phonePhoto } from '../server/images/given.ts'

/** Sends an image whole, and leaves without waiting for the answer. */
async function sendAndLeave(server: SpawnedServer, image: Buffer): Promise<void> {
  const { send, socket, closed } = await rawClient(server.url)
  await send(`PUT /photo HTTP/1.1\r\nHost: h\r\nContent-Length: ${image.length}\r\n\r\n`)
  await send(image)
  socket.end()
  await closed
}

async function sendPhoto(server: SpawnedServer): Promise<{ ms: number; link: string }> {
  const started = performance.now()
  const response = await fetch(`${server.url}/photo.jpg`, { method: 'PUT', body: await phonePhoto(6) })
  return { link: await response.text(), ms: performance.now() - started }
}

test('six times a WebP of 100 megapixels that has to be turned takes little memory, and an ordinary photo is not kept waiting', async () => {
  const server = await spawnServer()
  await sendPhoto(server)
  const before = memoryMiB(server.pid).now

  for (let count = 0; count < 6; count++) await sendAndLeave(server, sidewaysWebp(9_990, 9_990))
  const { ms, link } = await sendPhoto(server)

  expect(ms).toBeLessThan(5_000)
  expect(await fileOfLink(link)).toMatchObject({ image: { status: 'normalised' } })
  expect(memoryMiB(server.pid).peak - before).toBeLessThan(150)
})

test('an image that would take too much memory is stored without its metadata, and turned as it was', async () => {
  const server = await spawnServer()
  const body = new Uint8Array(sidewaysWebp(9_990, 9_990))
  const before = memoryMiB(server.pid).now

  const response = await fetch(`${server.url}/photo.webp`, { method: 'PUT', body })
  const link = (await response.text()).trim()
  const thumbnail = await fetch(`${link}?width=256`)

  expect(await fileOfLink(link)).toMatchObject({
    image: {
      status: 'stripped',
      reason: 'it takes more memory than there is for an image',
      dimensions: [9_990, 9_990],
    },
  })
  expect([thumbnail.status, await thumbnail.text()]).toEqual([406, expect.stringContaining('more memory')])
  expect(memoryMiB(server.pid).peak - before).toBeLessThan(100)
})
