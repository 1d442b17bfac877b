import { execFile, execFileSync } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createUpload, givenFile } from '../helpers/client.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { fill, givenDisk, isRoot } from '../helpers/disk.ts'
import { makeApp, type TestApp } from '../helpers/make-app.ts'
import { head, type RawClient, rawClient } from '../helpers/raw-client.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { waitFor } from '../helpers/wait.ts'
import { createResumable, offsetOf, patch } from '../server/resumable/tus-requests.ts'

const run = promisify(execFile)
const MB = 1_000_000

function takeAllInodes(folder: string): () => void {
  const taken: string[] = []
  try {
    for (;;) {
      const path = join(folder, `taken${taken.length}`)
      writeFileSync(path, '')
      taken.push(path)
    }
  } catch {
    return () => taken.forEach((path) => void rmSync(path))
  }
}

const put = (app: TestApp, size: number) => fetch(`${app.url}/x.bin`, { method: 'PUT', body: new Uint8Array(size) })

describe.runIf(isRoot)('on a disk that is full', () => {
  test.each([
    ['curl -T', (path: string) => ['-T', path]],
    ['curl -F', (path: string) => ['-F', `file=@${path}`]],
  ])(
    '%s is told so, reading continues, nothing is left of the upload, and it heals by itself',
    async (_how, options) => {
      const app = await makeApp({ DATA_DIR: givenDisk('size=16m'), MIN_FREE_SPACE: '0' })
      const { url } = await givenFile(app, {}, 'here before')
      const large = join(temporaryFolder(), 'large.bin')
      writeFileSync(large, new Uint8Array(40 * MB))

      const { stdout } = await run('curl', [
        '-sS',
        '--max-time',
        '10',
        '-w',
        '%{http_code}',
        ...options(large),
        `${app.url}/`,
      ])

      expect(stdout).toBe('no space left on the server\n507')
      expect(await (await fetch(url)).text()).toBe('here before')
      await waitFor(() => expect(storedFiles(app.dataDir)).toHaveLength(1))
      expect((await put(app, 2 * MB)).status).toBe(200)
    },
  )

  test('what is unfinished makes room ten minutes later, unless its sender continues', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=16m'), MIN_FREE_SPACE: '0' })
    const { url } = await createResumable(app, 12 * MB)
    await patch(url, 0, new Uint8Array(6 * MB))
    fill(app.dataDir, 2 * MB)

    const refused = await patch(url, 6 * MB, new Uint8Array(6 * MB))
    app.advance(9 * 60_000)
    const offset = await offsetOf(url)
    app.advance(10 * 60_000)
    await app.maintenance.clean()

    expect(refused.status).toBe(507)
    expect(offset).toBe(6 * MB)
    expect(await offsetOf(url)).toBe(404)
    expect(storedFiles(app.dataDir)).toEqual([])
    expect((await put(app, 2 * MB)).status).toBe(200)
  })

  test('down to the last byte everything that writes is refused, everything that reads continues, and it heals by itself', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=16m'), MIN_FREE_SPACE: '0' })
    const { url, upload } = await givenFile(app, { removable: true }, 'here before')
    const giveBack = fill(app.dataDir)

    const uploads = [await put(app, 100), await put(app, MB)]
    for (let index = 0; index < 60; index += 1)
      uploads.push(await fetch(`${app.url}/upload`, { method: 'POST', body: '{}' }))
    const last = uploads.at(-1) as Response

    expect(await last.text()).toBe('no space left on the server\n')
    expect(new Set(uploads.map(({ status }) => status))).toEqual(new Set([507]))
    expect(await (await fetch(url)).text()).toBe('here before')
    expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(200)

    giveBack()
    expect((await put(app, MB)).status).toBe(200)
    expect((await createUpload(app)).id).toBeDefined()
    await app.maintenance.clean()
    expect(await (await fetch(url)).text()).toBe('here before')
  })

  test('what is due goes although the database has no room to note it', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=16m'), MIN_FREE_SPACE: '0' })
    await givenFile(app, { ttl: 60 }, new Uint8Array(6 * MB))
    fill(app.dataDir)
    app.advance(61_000)

    await app.maintenance.purge()

    expect(storedFiles(app.dataDir)).toEqual([])
    expect((await put(app, 3 * MB)).status).toBe(200)
  })

  test('without inodes an upload is refused, and it heals by itself', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=16m,nr_inodes=20'), MIN_FREE_SPACE: '0' })
    const giveBack = takeAllInodes(app.dataDir)

    const refused = await put(app, 100)
    giveBack()

    expect(refused.status).toBe(507)
    expect((await put(app, 100)).status).toBe(200)
  })

  test('that is read-only uploading is refused as temporary, reading continues, and it heals by itself', async () => {
    const disk = givenDisk('size=16m')
    const app = await makeApp({ DATA_DIR: disk, MIN_FREE_SPACE: '0' })
    const { url } = await givenFile(app, {}, 'here before')
    execFileSync('mount', ['--bind', join(disk, 'files'), join(disk, 'files')])
    onTestFinished(() => void execFileSync('sh', ['-c', `umount -l ${join(disk, 'files')} 2>/dev/null; true`]))
    execFileSync('mount', ['-o', 'remount,bind,ro', join(disk, 'files')])

    const refused = await put(app, 100)
    const read = await (await fetch(url)).text()
    execFileSync('umount', ['-l', join(disk, 'files')])

    expect(refused.status).toBe(503)
    expect(await refused.text()).toBe('the storage is not available at the moment\n')
    expect(read).toBe('here before')
    expect((await put(app, 100)).status).toBe(200)
  })

  test('uploads are refused while the database still has room, as MIN_FREE_SPACE asks', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=16m'), MIN_FREE_SPACE: '8MB' })
    const { url } = await givenFile(app, {}, 'here before')
    const ballast = join(app.dataDir, 'ballast')
    writeFileSync(ballast, new Uint8Array(9 * MB))
    app.advance(1_000)

    const refused = await put(app, 1)

    expect(refused.status).toBe(507)
    expect(await refused.text()).toBe('no space left on the server\n')
    expect((await fetch(`${app.url}/upload`, { method: 'POST', body: '{}' })).status).toBe(507) // rows take space, too
    expect(await (await fetch(url)).text()).toBe('here before')
    rmSync(ballast)
    expect((await put(app, 1)).status).toBe(200)
  })
})

describe.runIf(isRoot)('the minimum of free space', () => {
  /** Of a request with a body of which only the first bytes are sent. */
  async function begin(app: TestApp, requestHead: string, body: string | Uint8Array = '') {
    const client = await rawClient(app.url)
    await client.send(requestHead)
    await client.send(body)
    return client
  }

  const isAnswered = (client: RawClient) => Promise.race([client.answer().then(() => true), health(client)])
  /** Resolves after the server has done what it had to do at that time. */
  const health = async ({ socket }: RawClient) => {
    await fetch(`http://127.0.0.1:${socket.remotePort}/health`)
    return false
  }

  test('is kept by many uploads at once: what does not fit beside those in progress is refused before it is sent', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=64m'), MIN_FREE_SPACE: '8MB' })
    const put = (size: number) => head('PUT', '/x.bin', { Expect: '100-continue', 'Content-Length': size })
    const accepted = [await begin(app, put(20 * MB)), await begin(app, put(20 * MB))]
    for (const client of accepted) expect(await client.informed()).toBe(100)

    const refused = await begin(app, put(20 * MB))
    expect(await refused.answer()).toMatchObject({ status: 507, headers: { connection: 'close' } })
    expect(await refused.informed()).toBe(507)
    expect(await isAnswered(accepted[0] as RawClient)).toBe(false)

    for (const client of accepted) await client.send(new Uint8Array(20 * MB))
    for (const client of accepted) expect((await client.answer()).status).toBe(200)
    const { bavail, bsize } = statfsSync(app.dataDir)
    expect(bavail * bsize).toBeGreaterThan(8 * MB)
  })

  test('is kept by many uploads of unknown size', async () => {
    const app = await makeApp({ DATA_DIR: givenDisk('size=64m'), MIN_FREE_SPACE: '16MB' })

    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            for (let sent = 0; sent < 20; sent += 1) controller.enqueue(new Uint8Array(MB))
            controller.close()
          },
        })
        return (await fetch(`${app.url}/x.bin`, { method: 'PUT', body, duplex: 'half' } as RequestInit)).status
      }),
    )

    const { bavail, bsize } = statfsSync(app.dataDir)
    expect(bavail * bsize).toBeGreaterThanOrEqual(16 * MB)
    expect(statuses.every((status) => [200, 507].includes(status))).toBe(true)
    expect(statuses).toContain(507)
  })
})

test.skipIf(isRoot)('NOT TESTED: a full disk, since only root may mount one', () => {})
