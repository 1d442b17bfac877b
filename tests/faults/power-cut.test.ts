import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { jsonOf } from '../helpers/answers.ts'
import type { CreatedUpload } from '../helpers/client.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled } from '../helpers/programs.ts'
import { type SpawnedServer, spawnServer } from '../helpers/spawn-server.ts'
import { createResumable, offsetOf, patch } from '../server/resumable/tus-requests.ts'

/**
 * A power cut: the image of a disk is copied while the server is stopped, so that the copy has what was synced and nothing of
 * what the kernel would have written later. `commit=600`: ext4 does not write its journal by itself meanwhile.
 */

const canMount = process.getuid?.() === 0 && isInstalled('ext4')
const BYTES = 100_000

function makeDisk(): string {
  const image = join(temporaryFolder(), 'disk')
  execFileSync('truncate', ['-s', '64M', image])
  execFileSync('mkfs.ext4', ['-q', image])
  return image
}

function mounted(image: string): string {
  const folder = temporaryFolder()
  execFileSync('mount', ['-o', 'loop,commit=600', image, folder])
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return join(folder, 'data')
}

function cutPower(server: SpawnedServer, image: string): string {
  process.kill(server.pid, 'SIGSTOP')
  const copy = `${image}-after`
  copyFileSync(image, copy)
  process.kill(server.pid, 'SIGKILL')
  return mounted(copy)
}

const pathOf = (link: string): string => new URL(link.trim()).pathname

test.runIf(canMount)(
  'what was acknowledged is there after a power cut, and what was deleted or used up is not',
  async () => {
    const image = makeDisk()
    const settings = { MIN_FREE_SPACE: '0' }
    const server = await spawnServer({ ...settings, DATA_DIR: mounted(image) })
    const bytes = randomBytes(BYTES)
    const put = async (query = ''): Promise<string> =>
      pathOf(await (await fetch(`${server.url}/a.bin${query}`, { method: 'PUT', body: bytes })).text())
    const get = async ({ url }: { url: string }, path: string) => {
      const response = await fetch(url + path)
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) }
    }

    const removed = await jsonOf<CreatedUpload>(
      fetch(`${server.url}/r.bin`, { method: 'PUT', body: bytes, headers: { Accept: 'application/json' } }),
    )
    const oneTime = await put('?oneShot=true')
    const form = new FormData()
    for (const name of ['1.bin', '2.bin']) form.append('file', new Blob([bytes]), name)
    const ofForm = (await (await fetch(server.url, { method: 'POST', body: form })).text())
      .trim()
      .split('\n')
      .map(pathOf)
    const ofPut = await put()
    const whole = await createResumable(server, BYTES)
    const half = await createResumable(server, BYTES)
    expect((await patch(whole.url, 0, bytes)).status).toBe(204)
    expect((await patch(half.url, 0, bytes.subarray(0, BYTES / 2))).status).toBe(204)
    expect((await get(server, oneTime)).bytes).toEqual(bytes)
    const headers = { 'X-UploadToken': removed.uploadToken }
    expect((await fetch(`${server.url}/upload/${removed.id}`, { method: 'DELETE', headers })).status).toBe(200)

    const later = await spawnServer({ ...settings, DATA_DIR: cutPower(server, image) })

    for (const path of [...ofForm, ofPut, pathOf(whole.link)])
      expect(await get(later, path)).toEqual({ status: 200, bytes })
    expect((await get(later, oneTime)).status).toBe(404)
    expect((await fetch(`${later.url}/upload/${removed.id}`)).status).toBe(404)
    const resumed = later.url + new URL(half.url).pathname
    expect(await offsetOf(resumed)).toBe(BYTES / 2)
    expect((await patch(resumed, BYTES / 2, bytes.subarray(BYTES / 2))).status).toBe(204)
    expect(await get(later, pathOf(half.link))).toEqual({ status: 200, bytes })
  },
)
