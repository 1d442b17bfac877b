import { execFile } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { newBlobKey } from '../../server/lib/ids.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { createS3Store, type S3StoreOptions } from '../../storage/s3-store.ts'
import { chunks, describeBlobStore, givenBlob, listed, read, stalling } from '../contract/blob-store.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled } from '../helpers/programs.ts'
import type { S3Bucket } from '../helpers/s3-server.ts'
import { sharedBucket } from '../helpers/shared-bucket.ts'
import { waitFor } from '../helpers/wait.ts'

const MIB = 1024 * 1024
const FAR_FUTURE = Date.parse('2100-01-01')

describe.skipIf(!isInstalled('ceph'))('with a real S3 server (Ceph)', () => {
  let server: S3Bucket

  beforeAll(async () => {
    server = await sharedBucket()
  })

  describeBlobStore('the S3 store', async () => openStore({ prefix: 'contract/' }))

  test('its objects are named by prefix and key, and nothing else in the bucket is touched', async () => {
    const store = openStore({ prefix: 'mine/' })
    const { key } = await givenBlob(store, 10)
    const client = rawClient()
    const others = ['mine/notes.txt', `other/${newBlobKey()}`]
    for (const Key of others) await client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: 'x' }))
    await client.send(new CreateMultipartUploadCommand({ Bucket: server.bucket, Key: 'mine/notes.txt' }))

    expect((await listed(store)).map((blob) => blob.key)).toEqual([key])
    expect((await listed(openStore({ prefix: '' }))).map((blob) => blob.key)).not.toContain(key)
    expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
  })

  test('a sweep takes what another process left unfinished, unless something was added lately', async () => {
    const store = openStore({ prefix: 'sweep/' })
    const client = rawClient()
    const upload = { Bucket: server.bucket, Key: `sweep/${newBlobKey()}` }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload))
    const part = { ...upload, UploadId, Body: Buffer.alloc(5 * MIB) }
    await client.send(new UploadPartCommand({ ...part, PartNumber: 1 }))
    await client.send(new UploadPartCommand({ ...part, PartNumber: 2 }))

    expect(await store.sweep(Date.now() - 60_000)).toEqual({ count: 0, bytes: 0 })
    expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 1, bytes: 10 * MIB })
    expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
    const left = await client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket, Prefix: 'sweep/' }))
    expect(left.Uploads ?? []).toEqual([])
  })

  test('more blobs than fit on a page are all listed', async () => {
    const store = openStore({ prefix: 'many/' })
    const keys = Array.from({ length: 1_100 }, newBlobKey)
    await Promise.all(keys.map((key) => store.put(key, chunks([]))))

    expect((await listed(store)).map((blob) => blob.key).sort()).toEqual(keys.sort())
  })

  test('what is too large for one copy goes to quarantine and back in parts', async () => {
    const store = openStore({ prefix: 'copies/', copyBytes: 5 * MIB })
    const { key, bytes } = await givenBlob(store, 12 * MIB + 3)
    const contents = async () => read(store, key)
    const before = await contents()

    expect(await store.quarantine.add(key)).toBe(true)
    expect((await Array.fromAsync(store.quarantine.list())).map(({ size }) => size)).toEqual([bytes.length])
    expect(await store.quarantine.restore(key)).toBe(true)

    expect(await contents()).toEqual(before)
  })

  test('a sweep takes an unfinished copy to the quarantine', async () => {
    const store = openStore({ prefix: 'half/' })
    const upload = { Bucket: server.bucket, Key: `half/quarantine/${newBlobKey()}` }
    await rawClient().send(new CreateMultipartUploadCommand(upload))

    expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 1, bytes: 0 })
  })

  test('memory does not grow with the size of a blob', async () => {
    const options = JSON.stringify({
      ...server,
      kind: 's3',
      prefix: 'memory/',
      forcePathStyle: true,
      partBytes: 5 * MIB,
    })
    const script = join(import.meta.dirname, 'memory-of-store.ts')

    const { stdout } = await promisify(execFile)(process.execPath, [script, options, `${300 * MIB}`])

    const { read, grownMib } = JSON.parse(stdout)
    expect(read).toBe(300 * MIB)
    expect(grownMib).toBeLessThan(100)
  })

  test('parts that find no memory are collected in files, which leave nothing behind', async () => {
    const folder = temporaryFolder()
    const store = openStore({ prefix: 'files/', memoryBytes: 0, folder })
    const bytes = randomBytes(12 * MIB + 1)
    const [whole, begun] = [newBlobKey(), newBlobKey()]

    await store.put(whole, chunks([bytes.subarray(0, 7), bytes.subarray(7)]))
    const first = await store.openPartial(begun)
    await first.add(bytes.subarray(0, 6 * MIB))
    const second = await store.openPartial(begun, await first.pause())
    await second.add(bytes.subarray(6 * MIB))
    await second.finish()

    const content = { length: bytes.length, sha256: hash('sha256', bytes) }
    expect([await read(store, whole), await read(store, begun)]).toEqual([content, content])
    expect(readdirSync(folder)).toEqual([])
  })

  test('memory for parts is given back by uploads that end, and by those that break off', async () => {
    const folder = join(temporaryFolder(), 'unused')
    const store = openStore({ prefix: 'memory/', memoryBytes: 11 * MIB, folder })
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(9 * MIB)
      throw new Error('gone')
    }

    for (let count = 0; count < 3; count++) {
      await expect(store.put(newBlobKey(), broken())).rejects.toThrow('gone')
      await store.put(newBlobKey(), chunks([Buffer.alloc(12 * MIB)]))
      const partial = await store.openPartial(newBlobKey())
      await partial.add(Buffer.alloc(MIB))
      await partial.pause()
    }

    expect(existsSync(folder)).toBe(false)
  })

  test.each([
    ['a wrong secret', { secretAccessKey: 'wrong' }],
    ['an unknown bucket', { bucket: 'nobody-has-this' }],
    ['nobody at the address', { endpoint: 'http://127.0.0.1:9' }],
  ])('with %s everything is unavailable', async (_name, options) => {
    const store = openStore({ prefix: '', ...options })

    await expect(store.check()).rejects.toMatchObject({ name: 'StorageError', kind: 'unavailable' })
    await expect(store.get(newBlobKey())).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(store.put(newBlobKey(), chunks([Buffer.from('x')]))).rejects.toMatchObject({ kind: 'unavailable' })
  })

  describe('behind a proxy that breaks things', () => {
    test('a body that is cut off is an error, never a short answer', async () => {
      const { key } = await givenBlob(openStore({ prefix: 'cut/' }), MIB)
      const endpoint = await startProxy({ cutAnswersAt: 100_000 })
      const store = openStore({ prefix: 'cut/', endpoint })

      await expect(read(store, key)).rejects.toMatchObject({ kind: 'unavailable' })
    })

    test('a part that fails ends the put at once, although the source stalls, and nothing stays', async () => {
      const endpoint = await startProxy({ refuse: (url) => url.includes('partNumber=2') })
      const store = openStore({ prefix: 'part/', endpoint })
      const release = vi.fn<() => Promise<IteratorResult<Uint8Array>>>(async () => ({ done: true, value: undefined }))
      const flowing = stalling(12 * MIB).chunks
      const source = { [Symbol.asyncIterator]: () => ({ next: () => flowing.next(), return: release }) }

      await expect(store.put(newBlobKey(), source)).rejects.toMatchObject({ kind: 'unavailable' })

      expect(release).toHaveBeenCalledOnce()
      expect(await listed(store)).toEqual([])
      const unfinished = new ListMultipartUploadsCommand({ Bucket: server.bucket, Prefix: 'part/' })
      await waitFor(async () => expect((await rawClient().send(unfinished)).Uploads ?? []).toEqual([])) // put does not wait for it
    })

    test('a put that is aborted while its last part travels leaves nothing behind', async () => {
      const aborter = new AbortController()
      const abortAtLastPart = (url: string): boolean => {
        if (url.includes('partNumber=3')) aborter.abort(new Error('stopped'))
        return false
      }
      const store = openStore({ prefix: 'last/', endpoint: await startProxy({ refuse: abortAtLastPart }) })
      const source = chunks([Buffer.alloc(12 * MIB)])

      await expect(store.put(newBlobKey(), source, aborter.signal)).rejects.toThrow('stopped')

      expect(await listed(store)).toEqual([])
      expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
    })

    const toCompletion = (method: string, url: string) => method === 'POST' && url.includes('uploadId=')
    const firstOf = (matches: (method: string, url: string) => boolean) => {
      let isLost = false
      return (method: string, url: string): boolean => {
        if (isLost || !matches(method, url)) return false
        isLost = true
        return true
      }
    }

    test.each([
      ['whole', 10, firstOf((method) => method === 'PUT')],
      ['in parts', 12 * MIB, firstOf(toCompletion)],
      ['in parts, with every answer lost', 12 * MIB, toCompletion],
    ])('a blob that was stored %s is there although the answer got lost', async (_how, size, loseAnswer) => {
      const store = openStore({ prefix: 'lost/', endpoint: await startProxy({ loseAnswer }) })
      const key = newBlobKey()

      expect(await store.put(key, chunks([Buffer.alloc(size)]))).toBe(size)
      expect(await store.size(key)).toBe(size)
    })

    test.each([
      ['the first answer', firstOf(toCompletion)],
      ['every answer', toCompletion],
    ])('a blob of several requests is finished although %s to its completion got lost', async (_which, loseAnswer) => {
      const store = openStore({ prefix: 'lost/', endpoint: await startProxy({ loseAnswer }) })
      const key = newBlobKey()
      const writer = await store.openPartial(key)
      await writer.add(Buffer.alloc(12 * MIB))

      expect(await writer.finish()).toBe(12 * MIB)
      expect(await store.size(key)).toBe(12 * MIB)
    })

    test('a blob of several requests is finished by its next attempt when no answer to its only object came', async () => {
      const key = newBlobKey()
      const store = openStore({ prefix: 'again/' })
      const first = await store.openPartial(key)
      await first.add(Buffer.from('hello '))
      const partial = await first.pause()
      const finish = async (store: BlobStore, rest: string): Promise<number> => {
        const writer = await store.openPartial(key, partial)
        await writer.add(Buffer.from(rest))
        return writer.finish()
      }
      const toObject = (method: string, url: string) => method === 'PUT' && !url.includes('/tails/')
      const deaf = openStore({ prefix: 'again/', endpoint: await startProxy({ loseAnswer: toObject }) })

      await expect(finish(deaf, 'world')).rejects.toMatchObject({ kind: 'unavailable' })

      expect(await store.size(key)).toBe(11)
      await expect(finish(store, 'wrong')).rejects.toThrow('exists already')
      expect(await finish(store, 'world')).toBe(11)
      expect(await read(store, key)).toEqual({ length: 11, sha256: hash('sha256', 'hello world') })
    })

    test('a blob whose parts were taken away before its completion can be sent again', async () => {
      const client = rawClient()
      const before = async (method: string, url: string): Promise<void> => {
        if (!toCompletion(method, url)) return
        const { pathname, searchParams } = new URL(url, server.endpoint)
        const upload = { Bucket: server.bucket, Key: pathname.replace(`/${server.bucket}/`, '') }
        const UploadId = `${searchParams.get('uploadId')}`
        await client.send(new AbortMultipartUploadCommand({ ...upload, UploadId })).catch(() => {}) // the SDK may ask twice
      }
      const store = openStore({ prefix: 'gone/', endpoint: await startProxy({ before }) })

      await expect(store.put(newBlobKey(), chunks([Buffer.alloc(12 * MIB)]))).rejects.toMatchObject({
        kind: 'unavailable',
      })
    })

    test('a server without conditional writes is asked first', async () => {
      const endpoint = await startProxy({ refuse: (_url, headers) => headers['if-none-match'] !== undefined })
      const store = openStore({ prefix: 'old/', endpoint })
      const { key } = await givenBlob(store, 10)
      await givenBlob(store, 20)

      await expect(store.put(key, chunks([Buffer.from('again')]))).rejects.toThrow('exists already')

      expect((await read(store, key)).length).toBe(10)
    })

    test('a reader that stops while the server is silent does not have to wait', async () => {
      const { key } = await givenBlob(openStore({ prefix: 'silent/' }), MIB)
      const endpoint = await startProxy({ silentAt: 100_000 })
      const reading = await openStore({ prefix: 'silent/', endpoint }).get(key)
      let received = (await reading.next()).value.length
      while (received < 100_000) received += (await reading.next()).value.length
      const waiting = reading.next()

      await reading.return?.()

      expect(await waiting).toEqual({ done: true, value: undefined })
    })

    test('a server that falls silent in a body is given up after a minute', async () => {
      const { key } = await givenBlob(openStore({ prefix: 'silent/' }), MIB)
      const endpoint = await startProxy({ silentAt: 100_000 })
      const reading = await openStore({ prefix: 'silent/', endpoint }).get(key)
      let received = (await reading.next()).value.length
      while (received < 100_000) received += (await reading.next()).value.length
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => {
        vi.useRealTimers()
      })
      const waiting = reading.next()

      vi.advanceTimersByTime(60_000)

      await expect(waiting).rejects.toMatchObject({ kind: 'unavailable' })
    })
  })

  function openStore(options: Partial<S3StoreOptions> & { prefix: string }): BlobStore {
    return createS3Store({ ...server, forcePathStyle: true, maxBlobBytes: 1e9, partBytes: 5 * MIB, ...options })
  }

  function rawClient(): S3Client {
    const { endpoint, region, accessKeyId, secretAccessKey } = server
    const client = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
    onTestFinished(() => client.destroy())
    return client
  }

  /** Passes everything on to the server, except what it breaks. A refusal is a 501 as from a server that lacks a feature. */
  async function startProxy({ refuse, before, loseAnswer, cutAnswersAt, silentAt }: Faults): Promise<string> {
    const proxy = createServer((incoming, outgoing) => void answer(incoming, outgoing))
    async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
      await before?.(incoming.method ?? '', incoming.url ?? '')
      if (refuse?.(incoming.url ?? '', incoming.headers)) {
        incoming.resume().on('end', () => outgoing.writeHead(501).end(NOT_IMPLEMENTED))
        return
      }
      const { method, url, headers } = incoming
      const passed = request(`${server.endpoint}${url}`, { method, headers }, (answered) => {
        if (loseAnswer?.(method ?? '', url ?? '')) return void answered.resume().on('end', () => outgoing.destroy())
        outgoing.writeHead(answered.statusCode ?? 500, answered.headers)
        const limit = cutAnswersAt ?? silentAt
        if (limit === undefined) answered.pipe(outgoing)
        else void writeSome(answered, outgoing, limit, cutAnswersAt !== undefined)
      })
      incoming.pipe(passed)
    }
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  }
})

interface Faults {
  refuse?: (url: string, headers: Record<string, unknown>) => boolean
  /** Runs before a request is passed on. */
  before?: (method: string, url: string) => Promise<void>
  /** The server does what it was asked to, and the connection is cut before it can say so. */
  loseAnswer?: (method: string, url: string) => boolean
  cutAnswersAt?: number
  silentAt?: number
}

const NOT_IMPLEMENTED = '<?xml version="1.0"?><Error><Code>NotImplemented</Code></Error>'

/** Stops after `limit` bytes; then cuts the connection, or leaves it open in silence. */
async function writeSome(
  answer: AsyncIterable<Buffer>,
  outgoing: ServerResponse,
  limit: number,
  isCut: boolean,
): Promise<void> {
  let left = limit
  for await (const chunk of answer) {
    outgoing.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) break
  }
  if (isCut) outgoing.destroy()
}
