import { expect, test } from 'vitest'
import { makeApp } from '../helpers/make-app.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { waitFor } from '../helpers/wait.ts'
import { phonePhoto, spooled } from '../server/images/given.ts'

test('a server that is killed while a photo comes in leaves nothing of it behind', async () => {
  const server = await spawnServer()
  const photo = await phonePhoto()
  const sender = await rawClient(server.url)
  await sender.send(`PUT /photo.jpg HTTP/1.1\r\nHost: h\r\nContent-Length: ${photo.length}\r\n\r\n`)
  await sender.send(photo.subarray(0, -1))
  await waitFor(() => expect(spooled(server)).not.toEqual([]), 10)

  await server.kill('SIGKILL')

  const app = await makeApp({ DATA_DIR: server.dataDir })
  expect(spooled(app)).not.toEqual([])
  app.advance(10 * 60_000)
  await app.maintenance.clean()
  expect(spooled(app)).toEqual([])
  expect(storedFiles(server.dataDir)).toEqual([])
})
