import fc from 'fast-check'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { kindsOf } from '../../../../server/images/metadata/metadata-kinds.ts'
import { readExif } from '../../../../server/images/metadata/read-exif.ts'
import { image, SECRETS, tiff, withSecrets } from './fixtures.ts'

const ORDERS = ['II', 'MM'] as const
const NOTHING = { orientation: 1, hasGps: false, hasThumbnail: false }

test.each(ORDERS.flatMap((order) => [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => ({ order, orientation }))))(
  'orientation $orientation is read in byte order $order',
  ({ order, orientation }) => {
    expect(readExif(tiff({ order, orientation })).orientation).toBe(orientation)
  },
)

test.each([1, 3, 6, 8])('orientation %d is read as sharp writes and reads it', async (orientation) => {
  const { exif } = await sharp(await image().withMetadata({ orientation }).jpeg().toBuffer()).metadata()
  expect(readExif(exif ?? Buffer.alloc(0)).orientation).toBe(orientation)
})

test.each([0, 9, 65_535])('an orientation of %d is nonsense, and counts as upright', (orientation) => {
  expect(readExif(tiff({ orientation })).orientation).toBe(1)
})

test.each(ORDERS)('a position and a thumbnail are seen in byte order %s', (order) => {
  expect(readExif(tiff({ order, gpsTags: [0, 2] }))).toEqual({ ...NOTHING, hasGps: true })
  expect(readExif(tiff({ order, thumbnail: true }))).toEqual({ ...NOTHING, hasThumbnail: true })
})

test('the version of the GPS tags alone is no position', () => {
  expect(readExif(tiff({ gpsTags: [0] })).hasGps).toBe(false)
})

test('EXIF is read with the prefix that JPEG puts before it, and without', () => {
  const exif = tiff({ orientation: 6 })
  expect(readExif(Buffer.concat([Buffer.from('Exif\0\0'), exif])).orientation).toBe(6)
  expect(readExif(new Uint8Array(exif)).orientation).toBe(6)
})

test('what is no TIFF says nothing', () => {
  expect(readExif(new Uint8Array())).toEqual(NOTHING)
  expect(readExif(Buffer.from('II*\0'))).toEqual(NOTHING)
  expect(readExif(Buffer.from('no exif, but long enough'))).toEqual(NOTHING)
  expect(readExif(Buffer.from('II\x2b\0\x08\0\0\0 and more', 'latin1'))).toEqual(NOTHING)
})

test('directories that point to themselves or out of the block end', () => {
  const exif = tiff({ thumbnail: true, gpsTags: [2] })
  const circular = Buffer.from(exif).fill(8, 34, 35)
  const outside = Buffer.from(exif).fill(0xff, 4, 8)
  expect(readExif(circular).hasThumbnail).toBe(true)
  expect(readExif(outside)).toEqual(NOTHING)
})

test('no bytes make it throw, and the orientation is always one of eight', () => {
  const exif = tiff({ thumbnail: true, gpsTags: [0, 2] })
  const mutation = fc.tuple(fc.nat(exif.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 8 }), fc.nat(exif.length), (mutations, end) => {
      const mutated = Buffer.from(exif)
      for (const [at, value] of mutations) mutated[at] = value
      expect([1, 2, 3, 4, 5, 6, 7, 8]).toContain(readExif(mutated.subarray(0, end)).orientation)
    }),
    { numRuns: 2000 },
  )
})

test('the kinds of metadata are read from sharp’s output for any format', async () => {
  const avif = await withSecrets(image()).avif({ effort: 0 }).toBuffer()
  expect(kindsOf(await sharp(avif).metadata())).toEqual(['gps', 'exif', 'xmp'])
  expect(kindsOf(await sharp(await image().png().toBuffer()).metadata())).toEqual([])
  expect(kindsOf({ iptc: Buffer.from(SECRETS.iptc), comments: [{}] })).toEqual(['iptc', 'comment'])
  expect(kindsOf({ xmp: Buffer.from('<rdf exif:GPSLatitude="47"/>') })).toEqual(['gps', 'xmp'])
})
