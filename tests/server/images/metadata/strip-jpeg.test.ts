import sharp, { type JpegOptions } from 'sharp'
import { describe, expect, test } from 'vitest'
import {
  IPTC_SEGMENT,
  image,
  metadataLeft,
  pixels,
  SECRETS,
  segment,
  strip,
  tiff,
  tinyJpeg,
  traces,
  withSecrets,
  withSegments,
} from './fixtures.ts'

const COMMENT = segment(0xfe, SECRETS.comment)
const exifSegment = (exif: Buffer) => segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif]))
const FILL = Buffer.alloc(5, 0xff)

const jpeg = (options: JpegOptions = {}) => withSecrets(image()).jpeg(options).toBuffer()

describe('pixels stay bit for bit', () => {
  test.each([
    ['baseline', {}],
    ['progressive, several scans', { progressive: true }],
    ['without subsampling', { chromaSubsampling: '4:4:4', quality: 100 }],
    ['with optimised scans', { mozjpeg: true }],
  ])('%s', async (_, options) => {
    const file = await jpeg(options)

    const { bytes, removed } = await strip('jpeg', file)

    expect(traces(file)).toEqual(['exif', 'xmp', 'gps'])
    expect(traces(bytes)).toEqual([])
    expect(await metadataLeft(bytes)).toEqual([])
    expect(await pixels(bytes)).toEqual(await pixels(file))
    expect(removed).toEqual(['gps', 'exif', 'xmp'])
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'stored as they are, and no longer turned by orientation %d',
    async (orientation) => {
      const file = await withSecrets(image()).withMetadata({ orientation }).jpeg().toBuffer()

      const { bytes } = await strip('jpeg', file)

      expect((await sharp(bytes).metadata()).orientation).toBeUndefined()
      expect(await pixels(bytes)).toEqual(await pixels(file))
    },
  )

  test('grey', async () => {
    const file = await withSecrets(image({ channels: 1 }))
      .toColourspace('b-w')
      .jpeg()
      .toBuffer()
    const { bytes } = await strip('jpeg', file)
    expect((await sharp(bytes).metadata()).channels).toBe(1)
    expect(await pixels(bytes)).toEqual(await pixels(file))
  })

  test('CMYK, which needs its Adobe segment and a profile in fifteen segments', async () => {
    const file = await withSecrets(image()).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer()

    const { bytes } = await strip('jpeg', file)

    expect(traces(bytes)).toEqual([])
    expect((await sharp(bytes).metadata()).space).toBe('cmyk')
    expect((await sharp(bytes).metadata()).icc).toEqual((await sharp(file).metadata()).icc)
    expect(await pixels(bytes)).toEqual(await pixels(file))
  })

  test('RGB, which only the Adobe segment tells from YCbCr', async () => {
    const rgb = segment(0xee, Buffer.from(`Adobe\0\x64\0\0\0\0\0${SECRETS.unknown}`, 'latin1'))
    const plain = await image().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
    const file = withSegments(plain, rgb)

    const { bytes } = await strip('jpeg', file)

    expect(await pixels(file)).not.toEqual(await pixels(plain))
    expect(await pixels(bytes)).toEqual(await pixels(file))
    expect(traces(bytes)).toEqual([])
  })

  test('with a profile of their own', async () => {
    const file = await image().withIccProfile('p3').jpeg().toBuffer()
    const { bytes, removed } = await strip('jpeg', file)
    expect(bytes.includes('ICC_PROFILE')).toBe(true)
    expect(await pixels(bytes)).toEqual(await pixels(file))
    expect(removed).toEqual([])
  })

  test('with restart markers', async () => {
    const { bytes } = await strip('jpeg', withSegments(tinyJpeg(), COMMENT))
    expect(bytes).toEqual(tinyJpeg())
    expect(await sharp(bytes, { failOn: 'warning' }).toColourspace('b-w').raw().toBuffer()).toHaveLength(16 * 8)
  })

  test('where stuffed bytes and markers follow each other without a gap', async () => {
    const file = tinyJpeg({ data: Buffer.of(0xff, 0, 0xff, 0, 0xff, 0xd0, 0xff, 0) })
    expect((await strip('jpeg', file)).bytes).toEqual(file)
  })

  test('coded arithmetically', async () => {
    const frame = segment(0xc9, Buffer.of(8, 0, 8, 0, 16, 1, 1, 0x11, 0))
    const file = tinyJpeg({ frame, beforeScan: segment(0xcc, Buffer.of(0, 0x10)), data: Buffer.of(1, 0xff, 0, 2) })
    expect((await strip('jpeg', withSegments(file, COMMENT))).bytes).toEqual(file)
  })
})

describe('goes', () => {
  test.each([
    ['a comment', [COMMENT], ['comment']],
    ['IPTC', [IPTC_SEGMENT], ['iptc']],
    ['EXIF', [exifSegment(Buffer.from(SECRETS.exif))], ['exif']],
    [
      'EXIF with a position and a thumbnail',
      [exifSegment(tiff({ gpsTags: [2], thumbnail: true }))],
      ['gps', 'exif', 'thumbnail'],
    ],
    ['XMP', [segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${SECRETS.xmp}`)], ['xmp']],
    ['XMP with a position', [segment(0xe1, `http://ns.adobe.com/xap/1.0/\0 exif:GPSLatitude="47"`)], ['gps', 'xmp']],
    ['extended XMP', [segment(0xe1, `http://ns.adobe.com/xmp/extension/\0${SECRETS.xmp}`)], ['xmp']],
    ['a JFIF extension with a thumbnail', [segment(0xe0, `JFXX\0\x10${SECRETS.unknown}`)], ['thumbnail']],
    ['a multi-picture index', [segment(0xe2, `MPF\0${SECRETS.unknown}`)], ['thumbnail']],
    ['a gain map', [segment(0xe2, `urn:iso:std:iso:ts:21496:-1\0${SECRETS.unknown}`)], []],
    [
      'what makers write in application segments',
      [segment(0xe4, SECRETS.unknown), segment(0xeb, SECRETS.unknown), segment(0xef, SECRETS.unknown)],
      [],
    ],
    [
      'an application segment that only looks like one that stays',
      [segment(0xe0, `JFIF\0${SECRETS.unknown.slice(0, 8)}`), segment(0xee, `Adobe`)],
      [],
    ],
    ['empty segments', [segment(0xfe, ''), segment(0xe1, '')], ['comment']],
  ])('%s', async (_, segments, kinds) => {
    const { bytes, removed } = await strip('jpeg', withSegments(tinyJpeg(), ...segments))
    expect(bytes).toEqual(tinyJpeg())
    expect(removed).toEqual(kinds)
  })

  test('whatever stands between and behind the scans', async () => {
    const file = tinyJpeg({ beforeScan: COMMENT, afterScan: Buffer.concat([IPTC_SEGMENT, COMMENT]) })
    const { bytes, removed } = await strip('jpeg', file)
    expect(bytes).toEqual(tinyJpeg())
    expect(removed).toEqual(['iptc', 'comment'])
  })

  test('the thumbnail inside JFIF, while the density stays', async () => {
    const jfif = (size: number, thumbnail: Buffer) =>
      segment(
        0xe0,
        Buffer.concat([Buffer.from('JFIF\0\x01\x02\x01\x00\x48\x00\x48', 'latin1'), Buffer.of(size, size), thumbnail]),
      )
    const { bytes, removed } = await strip('jpeg', withSegments(tinyJpeg(), jfif(3, Buffer.alloc(27, SECRETS.unknown))))
    expect(bytes).toEqual(withSegments(tinyJpeg(), jfif(0, Buffer.alloc(0))))
    expect(removed).toEqual(['thumbnail'])
  })

  test('a second image behind the first, with metadata of its own', async () => {
    const second = withSegments(await jpeg(), segment(0xfe, SECRETS.trailer))
    const file = Buffer.concat([withSegments(tinyJpeg(), segment(0xe2, 'MPF\0II*\0')), second])
    const { bytes, removed } = await strip('jpeg', file)
    expect(bytes).toEqual(tinyJpeg())
    expect(removed).toEqual(['thumbnail'])
  })

  test('a video or a trailer behind the end', async () => {
    const { bytes } = await strip('jpeg', Buffer.concat([tinyJpeg(), Buffer.from(`\0\0\0 ftypmp42${SECRETS.trailer}`)]))
    expect(bytes).toEqual(tinyJpeg())
  })

  test('everything that sharp knows of a photo, and what it does not, in one file', async () => {
    const file = Buffer.concat([withSegments(await jpeg(), COMMENT, IPTC_SEGMENT), Buffer.from(SECRETS.trailer)])

    const { bytes, removed } = await strip('jpeg', file)

    expect(traces(file)).toEqual(['exif', 'xmp', 'iptc', 'comment', 'trailer', 'gps'])
    expect(await metadataLeft(file)).toEqual(expect.arrayContaining(['exif', 'xmp', 'iptc']))
    expect(traces(bytes)).toEqual([])
    expect(await metadataLeft(bytes)).toEqual([])
    expect(removed).toEqual(['gps', 'exif', 'xmp', 'iptc', 'comment'])
  })
})

describe('fill bytes', () => {
  test('before any marker are no harm', async () => {
    const file = tinyJpeg({
      beforeScan: Buffer.concat([FILL, COMMENT]),
      data: Buffer.concat([Buffer.of(0x3f), FILL, Buffer.of(0xff, 0xd0, 0x3f)]),
      end: Buffer.concat([FILL, Buffer.of(0xff, 0xd9)]),
    })
    expect((await strip('jpeg', file)).bytes).toEqual(tinyJpeg())
  })

  test('before a stuffed byte leave the byte', async () => {
    const file = tinyJpeg({ data: Buffer.concat([Buffer.of(1), FILL, Buffer.of(0, 2)]) })
    expect((await strip('jpeg', file)).bytes).toEqual(tinyJpeg({ data: Buffer.of(1, 0xff, 0, 2) }))
  })
})

describe('is refused', () => {
  test.each([
    ['no JPEG', Buffer.from('GIF89a')],
    ['garbage between segments', withSegments(tinyJpeg(), Buffer.from('garbage'))],
    ['a segment that is shorter than its length', withSegments(tinyJpeg(), Buffer.of(0xff, 0xe1, 0, 1))],
    ['an end without an image', Buffer.of(0xff, 0xd8, 0xff, 0xd9)],
  ])('as malformed: %s', async (_, file) => {
    await expect(strip('jpeg', file)).rejects.toMatchObject({ name: 'UnstrippableError', reason: 'malformed' })
  })

  test.each([
    ['an image in an image', withSegments(tinyJpeg(), Buffer.of(0xff, 0xd8))],
    ['a restart outside of a scan', withSegments(tinyJpeg(), Buffer.of(0xff, 0xd0))],
    ['JPEG-LS', tinyJpeg({ frame: segment(0xf7, Buffer.of(8, 0, 8, 0, 16, 1, 1, 0x11, 0)) })],
  ])('as unsupported: %s', async (_, file) => {
    await expect(strip('jpeg', file)).rejects.toMatchObject({ name: 'UnstrippableError', reason: 'unsupported' })
  })

  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['no end', tinyJpeg({ end: Buffer.alloc(0) })],
    ['nothing but fill bytes', withSegments(Buffer.of(0xff, 0xd8), Buffer.alloc(100_000, 0xff))],
    ['a segment that reaches beyond the end', withSegments(tinyJpeg(), Buffer.of(0xff, 0xe1, 0xff, 0xff))],
  ])('as truncated: %s', async (_, file) => {
    await expect(strip('jpeg', file)).rejects.toMatchObject({ name: 'UnstrippableError', reason: 'truncated' })
  })
})
