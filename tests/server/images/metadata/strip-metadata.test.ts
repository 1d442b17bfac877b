import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import {
  findMetadata,
  type StrippableFormat,
  stripMetadata,
} from '../../../../server/images/metadata/strip-metadata.ts'
import {
  cut,
  IPTC_SEGMENT,
  image,
  outcome,
  pngChunk,
  SECRETS,
  segment,
  strip,
  tinyJpeg,
  webpChunk,
  withPngChunks,
  withSecrets,
  withSegments,
  withWebpChunks,
} from './fixtures.ts'

/** Small files with some of everything. */
const small = { width: 9, height: 7 }
const FILES: [name: string, format: StrippableFormat, file: Buffer][] = [
  ['a JPEG by hand', 'jpeg', withSegments(tinyJpeg(), segment(0xfe, SECRETS.comment), IPTC_SEGMENT)],
  ['a JPEG', 'jpeg', await withSecrets(image(small)).withIccProfile('p3').jpeg({ quality: 100 }).toBuffer()],
  ['a progressive JPEG', 'jpeg', await withSecrets(image(small)).jpeg({ progressive: true }).toBuffer()],
  ['a PNG', 'png', withPngChunks(await withSecrets(image(small)).png().toBuffer(), pngChunk('tEXt', 'Title\0x'))],
  ['a WebP', 'webp', withWebpChunks(await withSecrets(image(small)).webp().toBuffer(), webpChunk('odd ', 'x'))],
  [
    'an animated WebP',
    'webp',
    await withSecrets(
      sharp(
        [
          await image(small).png().toBuffer(),
          await image({ ...small, seed: 2 })
            .png()
            .toBuffer(),
        ],
        {
          join: { animated: true },
        },
      ),
    )
      .webp()
      .toBuffer(),
  ],
]

const PLAIN_PNG = await image().png().toBuffer()
const UNTOUCHED = { bytes: Buffer.alloc(0), removed: [] }

describe.each(FILES)('%s', (_, format, file) => {
  test('comes out the same however it is cut into chunks', async () => {
    const whole = await outcome(format, file)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(file.length), { maxLength: 40 }), async (places) => {
        expect(await outcome(format, file, places)).toBe(whole)
      }),
    )
    expect(await outcome(format, file, [...file.keys()])).toBe(whole)
  })

  test('comes out the same when it is stripped twice', async () => {
    const once = await strip(format, file)
    expect(once.bytes.length).toBeLessThan(file.length)
    expect(await strip(format, once.bytes)).toEqual({ bytes: once.bytes, removed: [] })
  })

  test('is refused as truncated wherever it ends, and nothing of it comes out', async () => {
    for (const end of file.keys()) {
      const { bytes } = stripMetadata(format, () => cut(file.subarray(0, end)))
      const pieces: Uint8Array[] = []
      const reading = (async () => {
        for await (const piece of bytes) pieces.push(piece)
      })()
      await expect(reading).rejects.toMatchObject({ name: 'UnstrippableError', reason: 'truncated' })
      expect(pieces).toEqual([])
    }
  })

  test('with bytes changed at random is refused, or comes out the same for any chunks and when it is stripped again', async () => {
    const change = fc.tuple(fc.nat(file.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0xd9, 0xda)))
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(file.length)),
        async (changes, places) => {
          const changed = Buffer.from(file)
          for (const [at, value] of changes) changed[at] = value
          const whole = await outcome(format, changed)
          expect(await outcome(format, changed, places)).toBe(whole)
          const once = await strip(format, changed).catch(() => UNTOUCHED)
          expect(once === UNTOUCHED ? once : await strip(format, once.bytes)).toEqual({
            bytes: once.bytes,
            removed: [],
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  test('tells what would be removed', async () => {
    expect(await findMetadata(format, () => cut(file))).toEqual((await strip(format, file)).removed)
  })
})

describe('a source', () => {
  const opened: string[] = []
  async function* watched(file: Buffer) {
    opened.push('open')
    try {
      yield* cut(file, [100, 200, 300])
    } finally {
      opened.push('closed')
    }
  }

  test.each(FILES)('is not opened before it is read, and closed whatever happens: %s', async (_, format, file) => {
    opened.length = 0
    const stop = stripMetadata(format, () => watched(Buffer.concat([file, Buffer.alloc(500)]))).bytes
    const fail = stripMetadata(format, () => watched(file.subarray(0, 250))).bytes
    expect(opened).toEqual([])

    for await (const _ of stop) break
    await Array.fromAsync(fail).catch(() => undefined)

    expect(opened.filter((event) => event === 'open')).toHaveLength(opened.length / 2)
    expect(opened.at(-1)).toBe('closed')
  })

  test('that fails makes stripping fail with its own error', async () => {
    async function* broken() {
      yield tinyJpeg().subarray(0, 40)
      throw new Error('the disk is gone')
    }
    await expect(Array.fromAsync(stripMetadata('jpeg', broken).bytes)).rejects.toThrow('the disk is gone')
  })
})

describe('a file of tiny parts without end is refused before it costs much', () => {
  test.each<[StrippableFormat, string, Buffer, Buffer]>([
    ['jpeg', 'segments', Buffer.of(0xff, 0xd8), segment(0xfe, '')],
    ['jpeg', 'stuffed fill bytes', tinyJpeg({ end: Buffer.alloc(0) }), Buffer.of(0xff, 0xff, 0)],
    ['png', 'chunks', PLAIN_PNG.subarray(0, 33), pngChunk('IDAT', '')],
    ['webp', 'chunks', Buffer.from('RIFF\xf0\xff\xff\xffWEBP', 'latin1'), webpChunk('JUNK', '')],
  ])('a %s of %s', async (format, _, start, part) => {
    let chunks = 0
    async function* endless() {
      yield start
      for (; ; chunks++) yield Buffer.alloc(96_000).fill(part)
    }
    await expect(Array.fromAsync(stripMetadata(format, endless).bytes)).rejects.toMatchObject({ reason: 'unsupported' })
    expect(chunks).toBeLessThan(6)
  })
})

describe('a file of half a gigabyte', () => {
  const CHUNK = Buffer.alloc(64 * 1024, 0x55)
  const CHUNKS = 8192
  const SIZE = CHUNK.length * CHUNKS

  const sizes = async (bytes: AsyncIterable<Uint8Array>): Promise<{ size: number; memory: number; rest: Buffer }> => {
    const before = process.memoryUsage.rss()
    let [size, memory, rest] = [0, 0, Buffer.alloc(0)]
    for await (const chunk of bytes) {
      size += chunk.length
      rest = Buffer.from(chunk.subarray(-12))
      memory = Math.max(memory, process.memoryUsage.rss() - before)
    }
    return { size, memory, rest }
  }

  const big = (start: Buffer, end: Buffer) =>
    async function* () {
      yield start
      for (let sent = 0; sent < CHUNKS; sent++) yield CHUNK
      yield end
    }

  function long(size: number): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(size)
    return bytes
  }

  test('that is all text, or all pixels, takes little memory as a PNG', async () => {
    const [start, end] = [PLAIN_PNG.subarray(0, 33), Buffer.concat([Buffer.alloc(4), PLAIN_PNG.subarray(33)])]
    const open = (type: string) => big(Buffer.concat([start, long(SIZE), Buffer.from(type)]), end)

    const text = await sizes(stripMetadata('png', open('tEXt')).bytes)
    const data = await sizes(stripMetadata('png', open('IDAT')).bytes)

    expect(text.size).toBe(PLAIN_PNG.length)
    expect(data.size).toBe(PLAIN_PNG.length + SIZE + 12)
    expect(text.memory).toBeLessThan(32e6)
    expect(data.memory).toBeLessThan(160e6)
  })

  test('that is all EXIF takes little memory as a WebP', async () => {
    const plain = await image().webp().toBuffer()
    const exif = [Buffer.from('EXIF'), long(SIZE).reverse()]
    const start = Buffer.concat([
      Buffer.from('RIFF'),
      long(SIZE + plain.length).reverse(),
      Buffer.from('WEBP'),
      ...exif,
    ])
    const { size, memory } = await sizes(stripMetadata('webp', big(start, plain.subarray(12))).bytes)
    expect(size).toBe(plain.length)
    expect(memory).toBeLessThan(32e6)
  })

  test('that is one scan takes little memory as a JPEG, and shows no end before it is over', async () => {
    const start = tinyJpeg({ data: Buffer.alloc(0), end: Buffer.alloc(0) })
    const whole = await sizes(stripMetadata('jpeg', big(start, Buffer.of(0xff, 0xd9))).bytes)
    const { bytes } = stripMetadata('jpeg', big(start, Buffer.of(0xff)))
    expect(whole.size).toBe(start.length + SIZE + 2)
    expect(whole.memory).toBeLessThan(128e6)
    await expect(sizes(bytes)).rejects.toMatchObject({ reason: 'truncated' })
  })
})
