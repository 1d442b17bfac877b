import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import {
  image,
  metadataLeft,
  pixels,
  pngChunk,
  SECRETS,
  strip,
  tiff,
  traces,
  withPngChunks,
  withSecrets,
} from './fixtures.ts'

const plain = await image().png().toBuffer()

describe('pixels stay bit for bit', () => {
  test.each([
    ['RGB', image().png()],
    ['with transparency', image({ channels: 4 }).png()],
    ['grey', image({ channels: 1 }).toColourspace('b-w').png()],
    ['palette', image().png({ palette: true, colours: 16 })],
    ['interlaced', image({ channels: 4 }).png({ progressive: true })],
    ['16 bit', image().toColourspace('rgb16').png()],
    ['with a profile of their own', image().withIccProfile('p3').png()],
  ])('%s', async (_, image) => {
    const file = await withSecrets(image).toBuffer()

    const { bytes, removed } = await strip('png', file)

    expect(traces(file)).toEqual(['exif', 'gps'])
    expect(await metadataLeft(file)).toEqual(['exif', 'xmp', 'orientation'])
    expect(traces(bytes)).toEqual([])
    expect(await metadataLeft(bytes)).toEqual([])
    expect((await sharp(bytes).metadata()).icc).toEqual((await sharp(file).metadata()).icc)
    expect((await sharp(bytes).metadata()).depth).toBe((await sharp(file).metadata()).depth)
    expect(await pixels(bytes)).toEqual(await pixels(file))
    expect(removed).toEqual(['gps', 'exif', 'xmp'])
  })

  test('animated, and everything that tells of colours', async () => {
    const kept = [
      pngChunk('acTL', Buffer.alloc(8)),
      pngChunk('cICP', Buffer.of(1, 13, 0, 1)),
      pngChunk('mDCV', Buffer.alloc(24)),
      pngChunk('cLLI', Buffer.alloc(8)),
      pngChunk('gAMA', Buffer.of(0, 0, 177, 143)),
      pngChunk('cHRM', Buffer.alloc(32)),
      pngChunk('sRGB', Buffer.of(0)),
      pngChunk('iCCP', 'name\0\0'),
      pngChunk('sBIT', Buffer.of(8, 8, 8)),
      pngChunk('bKGD', Buffer.alloc(6)),
      pngChunk('tRNS', Buffer.alloc(6)),
      pngChunk('fcTL', Buffer.alloc(26)),
      pngChunk('fdAT', Buffer.alloc(20)),
    ]
    const file = withPngChunks(plain, ...kept)
    expect(await strip('png', file)).toEqual({ bytes: file, removed: [] })
  })

  test('with checksums as they came, even wrong ones', async () => {
    const wrong = pngChunk('gAMA', Buffer.of(0, 0, 177, 143)).fill(0, 12)
    const file = withPngChunks(plain, wrong)
    expect((await strip('png', file)).bytes).toEqual(file)
  })
})

describe('goes', () => {
  test.each([
    ['EXIF', [pngChunk('eXIf', tiff({ gpsTags: [2], thumbnail: true }))], ['gps', 'exif', 'thumbnail']],
    ['text', [pngChunk('tEXt', `Comment\0${SECRETS.comment}`)], ['comment']],
    [
      'compressed text',
      [pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(SECRETS.comment)]))],
      ['comment'],
    ],
    ['international text', [pngChunk('iTXt', `Author\0\0\0de\0Autor\0${SECRETS.comment}`)], ['comment']],
    ['text without a keyword', [pngChunk('tEXt', SECRETS.comment)], ['comment']],
    ['XMP', [pngChunk('iTXt', `XML:com.adobe.xmp\0\0\0\0\0${SECRETS.xmp}`)], ['xmp']],
    ['XMP with a position', [pngChunk('iTXt', 'XML:com.adobe.xmp\0\0\0\0\0<exif:GPSLatitude>')], ['gps', 'xmp']],
    [
      'raw profiles',
      [
        pngChunk('zTXt', 'Raw profile type exif\0\0x'),
        pngChunk('tEXt', 'Raw profile type iptc\0x'),
        pngChunk('zTXt', 'Raw profile type xmp\0\0x'),
      ],
      ['exif', 'xmp', 'iptc'],
    ],
    ['the time of the last change', [pngChunk('tIME', Buffer.of(7, 233, 1, 1, 0, 0, 0))], []],
    ['a named palette that nobody uses', [pngChunk('sPLT', `${SECRETS.unknown}\0\x08`)], []],
    ['private chunks, safe to copy or not', [pngChunk('prVt', SECRETS.unknown), pngChunk('prVT', SECRETS.unknown)], []],
    [
      'public chunks that nobody needs to show it',
      [pngChunk('caBX', SECRETS.unknown), pngChunk('dSIG', ''), pngChunk('iDOT', Buffer.alloc(28))],
      [],
    ],
  ])('%s', async (_, chunks, kinds) => {
    const { bytes, removed } = await strip('png', withPngChunks(plain, ...chunks))
    expect(bytes).toEqual(plain)
    expect(removed).toEqual(kinds)
  })

  test('whatever stands behind the pixels or the end', async () => {
    const end = plain.subarray(-12)
    const file = Buffer.concat([
      plain.subarray(0, -12),
      pngChunk('tEXt', SECRETS.comment),
      end,
      Buffer.from(SECRETS.trailer),
    ])
    expect((await strip('png', file)).bytes).toEqual(plain)
  })

  test('everything at once, and sharp sees no comment any more', async () => {
    const file = withPngChunks(
      await withSecrets(image()).png().toBuffer(),
      pngChunk('tEXt', `Title\0${SECRETS.comment}`),
    )

    const { bytes, removed } = await strip('png', file)

    expect(await metadataLeft(file)).toEqual(['exif', 'xmp', 'orientation', 'comments'])
    expect(await metadataLeft(bytes)).toEqual([])
    expect(traces(bytes)).toEqual([])
    expect(removed).toEqual(['gps', 'exif', 'xmp', 'comment'])
  })
})

describe('is refused', () => {
  test.each([
    ['no PNG', Buffer.from('\x89PNG\n\n\x1a\n and no more', 'latin1')],
    ['a length of four gigabytes', withPngChunks(plain, Buffer.from('\xff\xff\xff\xfftEXt', 'latin1'))],
    ['a type that is no word', withPngChunks(plain, pngChunk('t3Xt', ''))],
    ['an end with something in it', withPngChunks(plain, pngChunk('IEND', SECRETS.trailer))],
  ])('as malformed: %s', async (_, file) => {
    await expect(strip('png', file)).rejects.toMatchObject({ name: 'UnstrippableError', reason: 'malformed' })
  })

  test('as unsupported: a critical chunk that we do not know, such as Apple puts into its own PNGs', async () => {
    const file = withPngChunks(plain, pngChunk('CgBI', Buffer.alloc(4)))
    await expect(strip('png', file)).rejects.toMatchObject({ name: 'UnstrippableError', reason: 'unsupported' })
  })

  test('as truncated: no end, or a chunk that reaches beyond it', async () => {
    const long = withPngChunks(plain, Buffer.from('\x7f\xff\xff\xfftEXt', 'latin1'))
    await expect(strip('png', plain.subarray(0, -12))).rejects.toMatchObject({ reason: 'truncated' })
    await expect(strip('png', long)).rejects.toMatchObject({ reason: 'truncated' })
  })
})
