import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import {
  image,
  metadataLeft,
  pixels,
  riff,
  SECRETS,
  strip,
  tiff,
  traces,
  webpChunk,
  withSecrets,
  withWebpChunks,
} from './fixtures.ts'

const simple = await image().webp().toBuffer()
const lossless = await image().webp({ lossless: true }).toBuffer()
const frames = await Promise.all([1, 2, 3].map((seed) => image({ channels: 4, seed }).png().toBuffer()))
const animation = () =>
  sharp(frames, { join: { animated: true } }).webp({ loop: 3, delay: [100, 200, 300], lossless: true })

describe('pixels stay bit for bit', () => {
  test.each([
    ['lossy', image().webp()],
    ['lossless', image().webp({ lossless: true })],
    ['with transparency', image({ channels: 4 }).webp()],
    ['with a profile of their own', image().withIccProfile('p3').webp()],
    ['animated', animation()],
  ])('%s', async (_, image) => {
    const file = await withSecrets(image).toBuffer()

    const { bytes, removed } = await strip('webp', file)

    expect(traces(file)).toEqual(['exif', 'xmp', 'gps'])
    expect(traces(bytes)).toEqual([])
    expect(await metadataLeft(bytes)).toEqual([])
    expect((await sharp(bytes).metadata()).icc).toEqual((await sharp(file).metadata()).icc)
    expect(await pixels(bytes)).toEqual(await pixels(file))
    expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8)
    expect(bytes.readUInt8(20) & 0x0c).toBe(0)
    expect(removed).toEqual(['gps', 'exif', 'xmp'])
  })

  test('in every frame, with their delays and loops', async () => {
    const { bytes } = await strip('webp', await withSecrets(animation()).toBuffer())
    expect(await sharp(bytes, { animated: true }).metadata()).toMatchObject({
      pages: 3,
      loop: 3,
      delay: [100, 200, 300],
    })
  })

  test.each([
    ['lossy', simple],
    ['lossless', lossless],
  ])('in a simple %s file, of which nothing changes', async (_, file) => {
    expect(await strip('webp', file)).toEqual({ bytes: file, removed: [] })
  })
})

describe('goes', () => {
  test.each([
    ['EXIF', [webpChunk('EXIF', tiff({ gpsTags: [2], thumbnail: true }))], ['gps', 'exif', 'thumbnail']],
    [
      'EXIF with the prefix of JPEG',
      [webpChunk('EXIF', Buffer.concat([Buffer.from('Exif\0\0'), tiff({ gpsTags: [2] })]))],
      ['gps', 'exif'],
    ],
    ['EXIF of an odd size', [webpChunk('EXIF', `${SECRETS.exif}!`.slice(-17))], ['exif']],
    ['XMP', [webpChunk('XMP ', SECRETS.xmp)], ['xmp']],
    ['an unknown chunk', [webpChunk('OOPS', SECRETS.unknown), webpChunk('JUNK', '')], []],
  ])('%s', async (_, chunks, kinds) => {
    const { bytes, removed } = await strip('webp', withWebpChunks(simple, ...chunks))
    expect(bytes).toEqual(simple)
    expect(removed).toEqual(kinds)
  })

  test('whatever stands behind the end of the RIFF', async () => {
    const { bytes } = await strip('webp', Buffer.concat([simple, Buffer.from(SECRETS.trailer)]))
    expect(bytes).toEqual(simple)
  })
})

describe('is refused', () => {
  const oddFrame = (...parts: Buffer[]) => riff(webpChunk('ANMF', Buffer.concat([Buffer.alloc(16), ...parts])))

  test.each([
    ['no RIFF', Buffer.from('RIFX\0\0\0\0WEBP and no more')],
    ['a RIFF of another type', Buffer.from('RIFF\0\0\0\0WAVE and no more')],
    ['a RIFF without room for its type', Buffer.from('RIFF\0\0\0\0WEBP and no more')],
    ['a chunk that reaches beyond the RIFF', withWebpChunks(simple, Buffer.from('EXIF\xff\xff\xff\xff', 'latin1'))],
    ['half a chunk header', withWebpChunks(simple, Buffer.from('EXIF'))],
    ['a VP8X chunk of another size', riff(webpChunk('VP8X', Buffer.alloc(12)))],
    ['a frame without its header', riff(webpChunk('ANMF', Buffer.alloc(8)))],
    ['a frame smaller than what is in it', oddFrame(Buffer.from('VP8 \xff\0\0\0', 'latin1'))],
  ])('as malformed: %s', async (_, file) => {
    await expect(strip('webp', Buffer.concat([file, Buffer.alloc(400)]))).rejects.toMatchObject({ reason: 'malformed' })
  })

  test('as unsupported: a frame with something else in it', async () => {
    await expect(strip('webp', oddFrame(webpChunk('XMP ', SECRETS.xmp)))).rejects.toMatchObject({
      reason: 'unsupported',
    })
  })

  test('as truncated: a file that is shorter than its RIFF says', async () => {
    await expect(strip('webp', simple.subarray(0, -1))).rejects.toMatchObject({ reason: 'truncated' })
  })
})
