import { randomBytes } from 'node:crypto'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileAt, filesAt } from '../../client/node/mayfly-client-node.ts'
import { createClient, MayflyError, type UploadInfo, type UploadState } from '../../client/src/mayfly-client.ts'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled } from '../helpers/programs.ts'
import { startNginx } from '../helpers/proxies.ts'
import { sharedServer, spawnServer } from '../helpers/spawn-server.ts'
import { bytesOf, MIB, randomFile, sha256 } from './given.ts'

/** Sending files from Node to the real server. */

const server = sharedServer()

test('files of every kind arrive whole, with links for readers and for the administrator', async () => {
  const client = createClient({ url: server.url() })
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'disk.bin'), randomBytes(3 * MIB))
  const streamed = randomBytes(5 * MIB)
  const stream = new Blob([streamed]).stream()

  const upload = await client.upload(
    [
      randomFile(MIB, 'größe?.bin'),
      await fileAt(join(folder, 'disk.bin'), 'folder/disk.bin'),
      { name: 'stream.bin', data: stream },
      { name: 'note.txt', data: 'hello' },
      { name: 'empty.txt', data: '' },
    ],
    { ttl: '1h', comments: 'Have fun', removable: true },
  )

  expect(upload.files.map(({ name, size, status }) => [name, size, status])).toEqual([
    ['größe?.bin', MIB, 'uploaded'],
    ['folder/disk.bin', 3 * MIB, 'uploaded'],
    ['stream.bin', 5 * MIB, 'uploaded'],
    ['note.txt', 5, 'uploaded'],
    ['empty.txt', 0, 'uploaded'],
  ])
  expect(upload).toMatchObject({
    comments: 'Have fun',
    removable: true,
    oneShot: false,
    link: `${server.url()}/#/?id=${upload.id}`,
  })
  expect(upload.adminLink).toBe(`${server.url()}/#/?id=${upload.id}&uploadToken=${upload.token}`)
  expect(upload.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 3_500_000)
  const answer = await fetch(upload.files[2]?.link ?? '')
  expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(streamed))
})

test('a file arrives whole over connections that are cut', async () => {
  const proxy = await cuttingProxy(server.url)
  const client = createClient({ url: proxy.url })
  const file = randomFile(24 * MIB)
  proxy.cuts.push(Number.POSITIVE_INFINITY, 2 * MIB, Number.POSITIVE_INFINITY, 3 * MIB, 100, 5 * MIB)

  const upload = await client.upload([file], {}, { pieceBytes: 4 * MIB })

  expect(proxy.cuts).toEqual([])
  expect(await downloadedSha256(upload)).toBe(sha256(await bytesOf(file)))
})

test.each([
  [64 * 1024, ['POST']],
  [64 * 1024 + 1, ['POST', 'PATCH']],
])('a file of %i bytes is sent by %j', async (size, expected) => {
  const { client, methods } = givenWatchedClient()
  const file = randomFile(size)

  const upload = await client.upload([file])

  expect(methods).toEqual(expected)
  expect(await downloadedSha256(upload)).toBe(sha256(await bytesOf(file)))
})

test.each([false, true])('a small file whose response is lost arrives once (encrypted: %s)', async (encrypt) => {
  const { client, methods } = givenWatchedClient({ lost: 1 })
  const file = randomFile(1000)

  const upload = await client.upload([file], { encrypt })

  expect(methods).toEqual(['POST', 'POST'])
  expect(upload.files).toHaveLength(1)
  expect(await downloadedSha256(upload)).toBe(sha256(await bytesOf(file)))
})

test('a small file whose connection is cut starts over', async () => {
  const proxy = await cuttingProxy(server.url)
  const file = randomFile(64 * 1024)
  proxy.cuts.push(20_000)

  const upload = await createClient({ url: proxy.url }).upload([file])

  expect(proxy.cuts).toEqual([])
  expect(upload.files).toHaveLength(1)
  expect(await downloadedSha256(upload)).toBe(sha256(await bytesOf(file)))
})

test('an encrypted file arrives whole while the server is killed', async () => {
  const folder = temporaryFolder()
  let spawned = await spawnServer({ DATA_DIR: folder })
  const proxy = await cuttingProxy(() => spawned.url)
  const client = createClient({ url: proxy.url })
  const file = randomFile(24 * MIB)
  let restarted: Promise<void> | undefined
  const restart = async (): Promise<void> => {
    await spawned.kill('SIGKILL')
    spawned = await spawnServer({ DATA_DIR: folder })
  }
  const onProgress = ({ sent }: { sent: number }) => {
    if (sent > 12 * MIB) restarted ??= restart()
  }

  const upload = await client.upload([file], { encrypt: true }, { onProgress, retries: 50 })
  await restarted

  expect(await downloadedSha256(upload)).toBe(sha256(await bytesOf(file)))
})

test.each([false, true])(
  'an upload is resumed from its state, and nothing that arrived is sent again (encrypted: %s)',
  async (encrypt) => {
    const client = createClient({ url: server.url() })
    const [small, large] = [randomFile(MIB, 'small.bin'), randomFile(24 * MIB, 'large.bin')]
    const state = await givenInterrupted([small, large], encrypt, 14 * MIB)
    const sent: number[] = []

    const upload = await client.upload(
      [small, large],
      {},
      { resume: state, onProgress: (progress) => sent.push(progress.sent) },
    )

    expect(state.files.map(({ isDone }) => isDone)).toEqual([true, undefined])
    expect(Math.min(...sent.slice(1))).toBeGreaterThan(8 * MIB)
    expect(upload.id).toBe(state.uploadId)
    expect(upload.files).toHaveLength(2)
    expect(await downloadedSha256(upload, 1)).toBe(sha256(await bytesOf(large)))
  },
)

test.each([false, true])(
  'a file whose content is another one, of the same name, size and time, is sent anew (encrypted: %s)',
  async (encrypt) => {
    const client = createClient({ url: server.url() })
    const path = join(temporaryFolder(), 'file.bin')
    writeFileSync(path, randomBytes(16 * MIB))
    utimesSync(path, 1000, 1000)
    const state = await givenInterrupted([await fileAt(path)], encrypt, 8 * MIB)
    const changed = randomBytes(16 * MIB)
    writeFileSync(path, changed)
    utimesSync(path, 1000, 1000)

    const upload = await client.upload([await fileAt(path)], {}, { resume: state })

    expect(upload.files).toHaveLength(1)
    expect(await downloadedSha256(upload)).toBe(sha256(changed))
  },
)

test('a state whose upload was deleted creates a new one', async () => {
  const client = createClient({ url: server.url() })
  const file = randomFile(4 * MIB)
  const state = await givenInterrupted([file], false, MIB)
  await client.remove(`${server.url()}/#/?id=${state.uploadId}`, { token: state.token ?? '' })

  const upload = await client.upload([file], {}, { resume: state })

  expect(upload.id).not.toBe(state.uploadId)
  expect(upload.files.map(({ status }) => status)).toEqual(['uploaded'])
})

test('a file that is changed while it is sent is an error', async () => {
  const client = createClient({ url: server.url() })
  const path = join(temporaryFolder(), 'file.bin')
  writeFileSync(path, randomBytes(8 * MIB))

  const sending = client.upload([await fileAt(path)], {}, { onProgress: () => writeFileSync(path, 'other') })

  await expect(sending).rejects.toMatchObject({ code: 'file_changed' })
})

test('a folder is sent with its folders', async () => {
  const client = createClient({ url: server.url() })
  const files = await filesAt(join(import.meta.dirname, '../../storage'))

  const upload = await client.upload(files)

  const found = upload.files.find(({ name }) => name === 'storage/blob-store.ts')
  expect(upload.files).toHaveLength(files.length)
  expect(await (await client.download(found?.link ?? '')).text()).toBe(
    readFileSync(join(import.meta.dirname, '../../storage/blob-store.ts'), 'utf8'),
  )
})

test('an upload that is aborted rejects with the reason of the signal', async () => {
  const client = createClient({ url: server.url() })
  const stop = new AbortController()
  const reason = new Error('enough')

  const sending = client.upload(
    [randomFile(8 * MIB)],
    {},
    { signal: stop.signal, onProgress: () => stop.abort(reason) },
  )

  await expect(sending).rejects.toBe(reason)
})

test('a refusal is an error with its status and words, and is not tried again', async () => {
  const client = createClient({ url: server.url() })
  const retried: unknown[] = []

  const error = await client
    .upload([randomFile(10)], { ttl: '9000d' }, { onRetry: (event) => retried.push(event) })
    .catch((thrown: unknown) => thrown)

  expect(error).toBeInstanceOf(MayflyError)
  expect(error).toMatchObject({
    code: 'ttl_too_long',
    parameters: { max: expect.any(Number) },
    status: 400,
    detail: expect.stringContaining('invalid TTL'),
  })
  expect(retried).toEqual([])
})

test('a server that can not be reached is an error once the attempts are used up', async () => {
  const client = createClient({ url: 'http://127.0.0.1:9' })

  const sending = client.upload([randomFile(10)], {}, { retries: 1 })

  await expect(sending).rejects.toMatchObject({ code: 'network', status: 0 })
})

test.skipIf(!isInstalled('nginx'))('pieces become smaller when a proxy finds them too large', async () => {
  const client = createClient({ url: await startNginx(server.url(), { location: 'client_max_body_size 300k;' }) })
  const file = randomFile(3 * MIB)

  const upload = await client.upload([file], {}, { retries: 0 })

  expect(await downloadedSha256(upload)).toBe(sha256(await bytesOf(file)))
})

test('what a proxy answers is not taken for an answer of the server', async () => {
  const states: UploadState[] = []
  const answer = async () => new Response('<h1>404', { status: 404, headers: { 'Content-Type': 'text/html' } })
  const resume = await givenInterrupted([randomFile(4 * MIB)], false, MIB)

  const sending = createClient({ url: server.url(), fetch: answer }).upload(
    [randomFile(4 * MIB)],
    {},
    { resume, onState: (state) => void states.push(state) },
  )

  await expect(sending).rejects.toMatchObject({ code: 'proxy', status: 0, proxyStatus: 404 })
  expect(states).toEqual([]) // the upload is not begun anew
})

async function downloadedSha256({ files }: UploadInfo, index = 0): Promise<string> {
  const download = await createClient({ url: server.url() }).download(files[index]?.link ?? '')
  return sha256(await bytesOf(await download.blob()))
}

/** A client whose requests for resumable uploads are noted. The first `lost` of their responses do not arrive. */
function givenWatchedClient({ lost = 0 } = {}) {
  const methods: (string | undefined)[] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await globalThis.fetch(url, init)
    if (url.includes('/tus') && methods.push(init.method) <= lost) throw new TypeError('the connection is lost')
    return response
  }
  return { client: createClient({ url: server.url(), fetch }), methods }
}

/** What `onState` was told last when the process would have ended. */
async function givenInterrupted(
  files: Parameters<ReturnType<typeof createClient>['upload']>[0],
  encrypt: boolean,
  after: number,
): Promise<UploadState> {
  const client = createClient({ url: server.url() })
  const stop = new AbortController()
  let state: UploadState | undefined
  const onProgress = ({ sent }: { sent: number }) => {
    if (sent >= after) stop.abort()
  }
  const onState = (told: UploadState) => {
    state = JSON.parse(JSON.stringify(told)) as UploadState
  }
  await client
    .upload(files, { encrypt }, { signal: stop.signal, onProgress, onState, pieceBytes: 2 * MIB })
    .catch(() => {})
  return state as UploadState
}
