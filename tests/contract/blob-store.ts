import { createHash, randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newBlobKey } from '../../server/lib/ids.ts'
import type { BlobInfo, BlobKey, BlobStore, ByteRange, PartialBlob } from '../../storage/blob-store.ts'

const KIB = 1024
const MIB = 1024 * 1024
const FAR_FUTURE = Date.parse('2100-01-01')

/** What every driver promises. `open` is called once; the store is emptied between tests. */
export function describeBlobStore(name: string, open: () => Promise<BlobStore>): void {
  describe(`${name} keeps the promises of a blob store`, () => {
    let store: BlobStore

    beforeAll(async () => {
      store = await open()
    })

    afterEach(async () => {
      for (const { key } of await listed(store)) await store.delete(key)
      for (const { key } of await quarantined(store)) await store.quarantine.delete(key)
      await store.sweep(FAR_FUTURE)
    })

    afterAll(() => store?.close())

    describe('a blob comes back as it was put', () => {
      test.each([
        ['empty', 0],
        ['one byte', 1],
        ['one byte less than a small read', 64 * KIB - 1],
        ['a small read', 64 * KIB],
        ['one byte more than a small read', 64 * KIB + 1],
        ['a large read', 512 * KIB],
        ['one byte more than a large read', 512 * KIB + 1],
        ['one byte less than a write', MIB - 1],
        ['a write', MIB],
        ['one byte more than a write', MIB + 1],
        ['a part of 5 MiB', 5 * MIB],
        ['one byte more than a part of 5 MiB', 5 * MIB + 1],
        ['three parts of 5 MiB', 15 * MIB],
        ['some parts and a rest', 17 * MIB + 12_345],
      ])('%s (%i bytes)', async (_name, length) => {
        const bytes = randomBytes(length)
        const key = newBlobKey()

        const stored = await store.put(key, chunked(bytes, 64 * KIB))

        expect(stored).toBe(length)
        expect(await store.size(key)).toBe(length)
        expect(await read(store, key)).toEqual({ length, sha256: sha256(bytes) })
      })

      test.each([
        ['odd', 7_919],
        ['tiny', 3],
        ['larger than a write or a part', 6 * MIB + 1],
      ])('in chunks of %s size (%i bytes)', async (_name, chunkSize) => {
        const bytes = randomBytes(chunkSize < 100 ? 300_001 : 13 * MIB + 5)
        const key = newBlobKey()

        await store.put(key, chunked(bytes, chunkSize))

        expect(await read(store, key)).toEqual({ length: bytes.length, sha256: sha256(bytes) })
      })

      test('with empty chunks in between', async () => {
        const key = newBlobKey()

        await store.put(key, chunks([Buffer.alloc(0), Buffer.from('may'), Buffer.alloc(0), Buffer.from('fly')]))

        expect(await readText(store, key)).toBe('mayfly')
      })

      test('when many are put at once', async () => {
        const blobs = Array.from({ length: 40 }, (_, index) => ({
          key: newBlobKey(),
          bytes: randomBytes(index * 5_003),
        }))

        await Promise.all(blobs.map(({ key, bytes }) => store.put(key, chunked(bytes, 4_096))))

        const found = await Promise.all(blobs.map(({ key }) => read(store, key)))
        expect(found).toEqual(blobs.map(({ bytes }) => ({ length: bytes.length, sha256: sha256(bytes) })))
      })

      test('to many readers at once', async () => {
        const { key, bytes } = await givenBlob(store, 3 * MIB + 77)

        const found = await Promise.all(Array.from({ length: 20 }, () => read(store, key)))

        expect(new Set(found.map((one) => one.sha256))).toEqual(new Set([sha256(bytes)]))
      })
    })

    describe('a range of a blob', () => {
      const SIZE = 2 * MIB + 100

      test.each([
        ['the first byte', 0, 0],
        ['the last byte', SIZE - 1, SIZE - 1],
        ['one byte in the middle', 777_777, 777_777],
        ['a small part of the middle', 100_000, 100_499],
        ['across the end of a small read', 64 * KIB - 2, 64 * KIB + 2],
        ['as long as a small read', 1, 64 * KIB],
        ['one byte longer than a small read', 1, 64 * KIB + 1],
        ['as long as a large read', 3, 512 * KIB + 2],
        ['one byte longer than a large read', 3, 512 * KIB + 3],
        ['from the middle to the end', MIB + 1, SIZE - 1],
        ['all of it', 0, SIZE - 1],
      ])('%s (%i-%i)', async (_name, start, end) => {
        const { key, bytes } = await givenBlob(store, SIZE)

        const found = await read(store, key, { start, end })

        expect(found).toEqual({ length: end - start + 1, sha256: sha256(bytes.subarray(start, end + 1)) })
      })

      test.each([
        ['ends after the blob', 90, 100],
        ['starts after the blob', 100, 110],
      ])('that %s is an error and never a short answer', async (_name, start, end) => {
        const { key } = await givenBlob(store, 100)

        await expect(read(store, key, { start, end })).rejects.toThrow(/too short|in place of/)
      })
    })

    describe('an unknown key', () => {
      test('can not be read: not_found comes before the first chunk', async () => {
        await expect(store.get(newBlobKey())).rejects.toMatchObject({ name: 'StorageError', kind: 'not_found' })
        await expect(store.get(newBlobKey(), { start: 0, end: 1 })).rejects.toMatchObject({ kind: 'not_found' })
      })

      test('has no size', async () => {
        expect(await store.size(newBlobKey())).toBeUndefined()
      })

      test('can be deleted, once and again', async () => {
        const { key } = await givenBlob(store, 10)

        await store.delete(key)
        await store.delete(key)

        expect(await store.size(key)).toBeUndefined()
        await expect(store.get(key)).rejects.toMatchObject({ kind: 'not_found' })
      })

      test('is unknown at once after its blob was read and deleted, or read and moved into quarantine', async () => {
        const [deleted, moved] = [await givenBlob(store, 10), await givenBlob(store, 10)]
        const range = { start: 2, end: 5 }
        for (const { key } of [deleted, moved]) await read(store, key, range)

        await store.delete(deleted.key)
        await store.quarantine.add(moved.key)

        await expect(store.get(deleted.key, range)).rejects.toMatchObject({ kind: 'not_found' })
        await expect(store.get(moved.key, range)).rejects.toMatchObject({ kind: 'not_found' })
      })

      test.each(['', '..', '../../etc/passwd', `${'a'.repeat(31)}/`, 'A'.repeat(32)])(
        'is refused when malformed: %j',
        async (key) => {
          await expect(store.put(key, chunks([Buffer.from('x')]))).rejects.toThrow(TypeError)
          await expect(store.get(key)).rejects.toThrow(TypeError)
          await expect(store.size(key)).rejects.toThrow(TypeError)
          await expect(store.delete(key)).rejects.toThrow(TypeError)
        },
      )
    })

    describe('a key that exists', () => {
      test.each([
        ['small', 10],
        ['large', 6 * MIB],
      ])('is not overwritten by a %s blob', async (_name, length) => {
        const key = newBlobKey()
        await store.put(key, chunks([Buffer.from('first')]))

        await expect(store.put(key, chunked(randomBytes(length), 64 * KIB))).rejects.toThrow('exists already')

        expect(await readText(store, key)).toBe('first')
        expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
      })

      test('goes to one of two writers at the same time, whole', async () => {
        const key = newBlobKey()

        const results = await Promise.allSettled(
          ['one', 'two'].map((text) => store.put(key, chunks([Buffer.from(text)]))),
        )

        const winners = ['one', 'two'].filter((_, index) => results[index]?.status === 'fulfilled')
        expect(winners).toEqual([await readText(store, key)])
      })
    })

    describe('a put that fails leaves nothing behind', () => {
      test.each([
        ['at once', 0],
        ['after some bytes', 1_000],
        ['after some writes', 3 * MIB],
        ['after some parts', 12 * MIB],
      ])('when the source throws %s', async (_name, length) => {
        const key = newBlobKey()
        const broken = Object.assign(new Error('the client went away'), { code: 'ENOENT' })

        await expect(store.put(key, failing(length, broken))).rejects.toBe(broken)

        await expectNothing(store)
      })

      test.each([
        ['before the first chunk', 0],
        ['after some bytes', 1_000],
        ['after some parts', 12 * MIB],
      ])('when the signal aborts while the source stalls %s', async (_name, length) => {
        const stalled = stalling(length)
        const aborter = new AbortController()
        const putting = store.put(newBlobKey(), stalled.chunks, aborter.signal)
        await stalled.reached

        aborter.abort(new Error('too slow'))

        await expect(putting).rejects.toThrow('too slow')
        await expectNothing(store)
      })

      test('when the signal aborts between two chunks', async () => {
        const aborter = new AbortController()
        async function* source() {
          yield randomBytes(2 * MIB)
          aborter.abort(new Error('stopped'))
          yield randomBytes(2 * MIB)
        }

        await expect(store.put(newBlobKey(), source(), aborter.signal)).rejects.toThrow('stopped')

        await expectNothing(store)
      })

      test('when the signal aborts with the last chunk', async () => {
        const aborter = new AbortController()
        async function* source() {
          yield randomBytes(1_000)
          aborter.abort(new Error('stopped'))
        }

        await expect(store.put(newBlobKey(), source(), aborter.signal)).rejects.toThrow('stopped')

        await expectNothing(store)
      })

      test('when the signal was aborted before, and the source is not asked for anything', async () => {
        let isAsked = false
        async function* source() {
          isAsked = true
          yield Buffer.from('x')
        }

        await expect(store.put(newBlobKey(), source(), AbortSignal.abort(new Error('stopped')))).rejects.toThrow(
          'stopped',
        )

        expect(isAsked).toBe(false)
        await expectNothing(store)
      })

      test('and its source is released', async () => {
        const aborter = new AbortController()
        let isReleased = false
        async function* source() {
          try {
            yield Buffer.from('x')
            aborter.abort(new Error('stopped'))
            yield Buffer.from('y')
          } finally {
            isReleased = true
          }
        }

        await expect(store.put(newBlobKey(), source(), aborter.signal)).rejects.toThrow('stopped')

        await nextTurn()
        expect(isReleased).toBe(true)
      })

      test('and the key is free again', async () => {
        const key = newBlobKey()
        await expect(store.put(key, failing(12 * MIB, new Error('broken')))).rejects.toThrow('broken')

        await store.put(key, chunks([Buffer.from('second try')]))

        expect(await readText(store, key)).toBe('second try')
      })
    })

    test('a blob is invisible until it is whole', async () => {
      const key = newBlobKey()
      const stalled = stalling(12 * MIB)
      const putting = store.put(key, stalled.chunks)
      await stalled.reached

      expect(await store.size(key)).toBeUndefined()
      expect(await listed(store)).toEqual([])
      await expect(store.get(key)).rejects.toMatchObject({ kind: 'not_found' })

      stalled.finish()
      expect(await putting).toBe(12 * MIB)
      expect(await store.size(key)).toBe(12 * MIB)
    })

    describe('a blob that comes in over several requests', () => {
      test.each([
        ['in one piece, empty', [0]],
        ['in one piece, small', [10]],
        ['in one piece of some parts and a rest', [12 * MIB + 3]],
        ['in small pieces', [1, 2, 3, 0, 70_000]],
        ['in pieces that are too little for a part, and together more than one', [3 * MIB, 3 * MIB + 1, 3 * MIB]],
        ['in pieces of exactly a part', [5 * MIB, 5 * MIB]],
        ['in pieces of parts and rests', [7 * MIB, 11 * MIB, 1, 5 * MIB]],
      ])('is what was added, %s', async (_name, lengths) => {
        const key = newBlobKey()
        const pieces = lengths.map((length) => randomBytes(length))

        let partial: PartialBlob | undefined
        for (const piece of pieces) partial = await addPiece(store, key, piece, partial)
        const size = await (await store.openPartial(key, partial)).finish()

        const whole = Buffer.concat(pieces)
        expect(size).toBe(whole.length)
        expect(await read(store, key)).toEqual({ length: whole.length, sha256: sha256(whole) })
        expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
      })

      test('can be finished by the writer that adds its last bytes', async () => {
        const key = newBlobKey()
        const bytes = randomBytes(13 * MIB)
        const partial = await addPiece(store, key, bytes.subarray(0, 6 * MIB))
        const writer = await store.openPartial(key, partial)
        for await (const chunk of chunked(bytes.subarray(6 * MIB), 64 * KIB)) await writer.add(chunk)

        expect(await writer.finish()).toBe(13 * MIB)

        expect(await read(store, key)).toEqual({ length: 13 * MIB, sha256: sha256(bytes) })
      })

      test('is invisible until it is finished', async () => {
        const key = newBlobKey()
        const partial = await addPiece(store, key, randomBytes(6 * MIB))

        expect(await store.size(key)).toBeUndefined()
        expect(await listed(store)).toEqual([])
        await expect(store.get(key)).rejects.toMatchObject({ kind: 'not_found' })
        await store.deletePartial(key, partial)
      })

      test('continues from what was noted, and what was written after that is forgotten', async () => {
        const key = newBlobKey()
        const [first, lost, second] = [randomBytes(6 * MIB), randomBytes(7 * MIB), randomBytes(6 * MIB)]
        const partial = await addPiece(store, key, first)
        await addPiece(store, key, lost, partial)

        const resumed = await addPiece(store, key, second, partial)
        await (await store.openPartial(key, resumed)).finish()

        const whole = Buffer.concat([first, second])
        expect(await read(store, key)).toEqual({ length: whole.length, sha256: sha256(whole) })
      })

      test('continues from a checkpoint of a writer that never finished', async () => {
        const key = newBlobKey()
        const bytes = randomBytes(23 * MIB)
        const dead = await store.openPartial(key)
        for await (const chunk of chunked(bytes.subarray(0, 12 * MIB), 64 * KIB)) await dead.add(chunk)
        const checkpoint = await dead.checkpoint()
        await dead.add(Buffer.alloc(6 * MIB))
        await dead.pause() // its state was not recorded

        const resumed = await addPiece(store, key, bytes.subarray(checkpoint.size), checkpoint)
        await (await store.openPartial(key, resumed)).finish()

        expect(checkpoint.size).toBeGreaterThanOrEqual(5 * MIB)
        expect(await read(store, key)).toEqual({ length: 23 * MIB, sha256: sha256(bytes) })
      })

      test.each([
        ['a part and a rest', 6 * MIB, 3 * MIB],
        ['a rest', 100_000, 7 * MIB],
        ['nothing', 0, 7 * MIB],
      ])('is out of reach for a writer who was cut off after %s was noted', async (_name, noted, lost) => {
        const key = newBlobKey()
        const bytes = randomBytes(16 * MIB)
        const partial = noted === 0 ? undefined : await addPiece(store, key, bytes.subarray(0, noted))
        const frozen = await store.openPartial(key, partial)
        for await (const chunk of chunked(randomBytes(lost), 64 * KIB)) await frozen.add(chunk)

        const seized = await store.seizePartial(key, partial, newBlobKey())
        const resumed = await addPiece(store, seized.key, bytes.subarray(noted, 12 * MIB), seized.from)
        await frozen.checkpoint()
        const whole = await addPiece(store, seized.key, bytes.subarray(12 * MIB), resumed)
        await (await store.openPartial(seized.key, whole)).finish()
        await frozen.finish().catch(() => {})

        expect(await read(store, seized.key)).toEqual({ length: 16 * MIB, sha256: sha256(bytes) })
        if (seized.key !== key) await store.deletePartial(key, partial)
        await store.delete(key)
      })

      test('can’t be seized after it was deleted', async () => {
        const key = newBlobKey()
        const partial = await addPiece(store, key, randomBytes(100))
        await store.deletePartial(key, partial)

        const seizing = store.seizePartial(key, partial, newBlobKey())

        await expect(seizing.then(({ key, from }) => store.openPartial(key, from))).rejects.toMatchObject({
          kind: 'not_found',
        })
      })

      test('is not touched by a sweep while it is wanted', async () => {
        const key = newBlobKey()
        const partial = await addPiece(store, key, randomBytes(7 * MIB))

        expect(await store.sweep(FAR_FUTURE, async (wanted) => wanted === key)).toEqual({ count: 0, bytes: 0 })

        await (await store.openPartial(key, partial)).finish()
        expect(await store.size(key)).toBe(7 * MIB)
      })

      test.each([
        ['small', 10],
        ['large', 7 * MIB],
      ])('goes with a sweep when nobody wants it: a %s one', async (_name, length) => {
        const key = newBlobKey()
        const partial = await addPiece(store, key, randomBytes(length))

        const swept = await store.sweep(FAR_FUTURE, async () => false)

        expect(swept.bytes).toBe(length)
        await expect(store.openPartial(key, partial)).rejects.toMatchObject({ kind: 'not_found' })
      })

      test('can be deleted, once and again, and leaves nothing', async () => {
        const key = newBlobKey()
        const partial = await addPiece(store, key, randomBytes(7 * MIB))

        await store.deletePartial(key, partial)
        await store.deletePartial(key, partial)

        await expectNothing(store)
        await expect(store.openPartial(key, partial)).rejects.toMatchObject({ kind: 'not_found' })
      })

      test('is not there any more once it is finished', async () => {
        const key = newBlobKey()
        const partial = await addPiece(store, key, randomBytes(7 * MIB))
        await (await store.openPartial(key, partial)).finish()

        await expect(store.openPartial(key, partial)).rejects.toMatchObject({ kind: 'not_found' })

        await store.deletePartial(key, partial)
        expect(await store.size(key)).toBe(7 * MIB)
      })

      test('does not take the key of another', async () => {
        const { key } = await givenBlob(store, 10)
        const writer = await store.openPartial(key)
        await writer.add(Buffer.from('second'))

        await expect(writer.finish()).rejects.toThrow('exists already')

        expect(await store.size(key)).toBe(10)
        await store.deletePartial(key)
      })

      test.each(['', '..', `${'a'.repeat(31)}/`])('is refused under a malformed key: %j', async (key) => {
        await expect(store.openPartial(key)).rejects.toThrow(TypeError)
        await expect(store.deletePartial(key)).rejects.toThrow(TypeError)
      })
    })

    describe('a reader', () => {
      test('that stops early releases the blob', async () => {
        const { key } = await givenBlob(store, 4 * MIB)

        for await (const chunk of await store.get(key)) {
          expect(chunk.length).toBeGreaterThan(0)
          break
        }

        expect((await read(store, key)).length).toBe(4 * MIB)
      })

      test('that never starts can be released', async () => {
        const { key } = await givenBlob(store, 4 * MIB)
        const chunks = await store.get(key)

        await chunks.return?.()

        expect(await chunks.next()).toEqual({ done: true, value: undefined })
      })

      test('that is at the end stays there', async () => {
        const { key } = await givenBlob(store, 10)
        const chunks = await store.get(key)
        await chunks.next()

        expect(await chunks.next()).toEqual({ done: true, value: undefined })
        expect(await chunks.next()).toEqual({ done: true, value: undefined })
      })

      test('may take each chunk as late as it likes', async () => {
        const { key, bytes } = await givenBlob(store, 3 * MIB + 1)
        const hash = createHash('sha256')

        for await (const chunk of await store.get(key)) {
          await nextTurn()
          hash.update(chunk)
        }

        expect(hash.digest('hex')).toBe(sha256(bytes))
      })
    })

    test('list names every blob with its size and time', async () => {
      const before = Date.now() - 5_000
      const small = await givenBlob(store, 1)
      const empty = await givenBlob(store, 0)
      const large = await givenBlob(store, 70_000)

      const found = await listed(store)

      const sizes = Object.fromEntries(found.map(({ key, size }) => [key, size]))
      expect(sizes).toEqual({ [small.key]: 1, [empty.key]: 0, [large.key]: 70_000 })
      expect(Math.min(...found.map(({ modifiedAt }) => modifiedAt))).toBeGreaterThan(before)
      expect(Math.max(...found.map(({ modifiedAt }) => modifiedAt))).toBeLessThan(Date.now() + 5_000)
    })

    test('list can be stopped', async () => {
      await givenBlob(store, 1)
      await givenBlob(store, 2)

      for await (const { size } of store.list()) {
        expect(size).toBeGreaterThan(0)
        break
      }
    })

    test('a sweep leaves blobs and the writers of this process alone', async () => {
      const { key } = await givenBlob(store, 10)
      const stalled = stalling(12 * MIB)
      const putting = store.put(newBlobKey(), stalled.chunks)
      await stalled.reached

      expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })

      stalled.finish()
      expect(await putting).toBe(12 * MIB)
      expect(await store.size(key)).toBe(10)
    })

    describe('a blob in quarantine', () => {
      test('can’t be read and is listed there only, with its size and the time when it was moved', async () => {
        const { key } = await givenBlob(store, 10)
        const { key: other } = await givenBlob(store, 3)
        const before = Date.now() - 2_000

        expect(await store.quarantine.add(key)).toBe(true)

        await expect(store.get(key)).rejects.toMatchObject({ kind: 'not_found' })
        expect((await listed(store)).map((blob) => blob.key)).toEqual([other])
        expect(await quarantined(store)).toEqual([{ key, size: 10, modifiedAt: expect.any(Number) }])
        expect((await quarantined(store))[0]?.modifiedAt).toBeGreaterThan(before)
      })

      test('comes back with the same bytes', async () => {
        const { key, bytes } = await givenBlob(store, 3 * MIB + 7)
        await store.quarantine.add(key)

        expect(await store.quarantine.restore(key)).toBe(true)

        expect(await read(store, key)).toEqual({ length: bytes.length, sha256: sha256(bytes) })
        expect(await quarantined(store)).toEqual([])
      })

      test('is deleted for good, once and again', async () => {
        const { key } = await givenBlob(store, 10)
        await store.quarantine.add(key)

        await store.quarantine.delete(key)
        await store.quarantine.delete(key)

        expect(await quarantined(store)).toEqual([])
        expect(await store.quarantine.restore(key)).toBe(false)
      })

      test('is moved by one of several replicas at once', async () => {
        const { key } = await givenBlob(store, 10)

        const moved = await Promise.all(Array.from({ length: 4 }, () => store.quarantine.add(key)))

        expect(moved).toContain(true)
        expect((await quarantined(store)).map((blob) => blob.key)).toEqual([key])
      })

      test('is none of unknown blobs, and a malformed key is refused', async () => {
        expect(await store.quarantine.add(newBlobKey())).toBe(false)
        expect(await store.quarantine.restore(newBlobKey())).toBe(false)
        const { add, restore, delete: remove } = store.quarantine
        for (const act of [add, restore, remove]) await expect(act('../x')).rejects.toThrow('not a blob key')
      })
    })

    test('its id is what was written last, and no blob', async () => {
      await store.writeId('first')
      await store.writeId('second')

      expect(await store.readId()).toBe('second')
      expect(await listed(store)).toEqual([])
      expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
    })

    test('a store that works passes its check', async () => {
      await expect(store.check()).resolves.toBeUndefined()
    })

    test('free space is a number of bytes, or not known', async () => {
      const free = await store.freeBytes()

      expect(free ?? 1).toBeGreaterThan(0)
    })
  })
}

export async function givenBlob(store: BlobStore, length: number): Promise<{ key: BlobKey; bytes: Buffer }> {
  const blob = { key: newBlobKey(), bytes: randomBytes(length) }
  await store.put(blob.key, chunked(blob.bytes, 64 * KIB))
  return blob
}

/** Adds `bytes` and releases the writer. */
async function addPiece(store: BlobStore, key: BlobKey, bytes: Buffer, from?: PartialBlob): Promise<PartialBlob> {
  const writer = await store.openPartial(key, from)
  for await (const chunk of chunked(bytes, 64 * KIB)) await writer.add(chunk)
  return writer.pause()
}

export async function read(store: BlobStore, key: BlobKey, range?: ByteRange) {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of await store.get(key, range)) {
    hash.update(chunk)
    length += chunk.length
  }
  return { length, sha256: hash.digest('hex') }
}

export async function listed(store: BlobStore): Promise<BlobInfo[]> {
  return Array.fromAsync(store.list())
}

const quarantined = (store: BlobStore): Promise<BlobInfo[]> => Array.fromAsync(store.quarantine.list())

export async function* chunks(list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list
}

/** A source of zeros that gives `length` bytes and then waits for `finish`. */
export function stalling(length: number) {
  const reached = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<void>()
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunked(Buffer.alloc(length), 64 * KIB)
    reached.resolve()
    await finished.promise
  }
  return { chunks: source(), reached: reached.promise, finish: () => finished.resolve() }
}

async function* failing(length: number, error: Error): AsyncGenerator<Uint8Array> {
  yield* chunked(Buffer.alloc(length), 64 * KIB)
  throw error
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield Buffer.from(bytes.subarray(start, start + size))
}

async function readText(store: BlobStore, key: BlobKey): Promise<string> {
  const parts: string[] = []
  for await (const chunk of await store.get(key)) parts.push(chunk.toString())
  return parts.join('')
}

async function expectNothing(store: BlobStore): Promise<void> {
  expect(await listed(store)).toEqual([])
  expect(await store.sweep(FAR_FUTURE)).toEqual({ count: 0, bytes: 0 })
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
