import { readFileSync } from 'node:fs'
import { brotliCompressSync } from 'node:zlib'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { box } from '../../../helpers/boxes.ts'
import { exiftool, PHONE_TAGS, personalTags, withTags } from '../../../helpers/exiftool.ts'
import {
  adobeRgbProfile,
  damaged,
  fourCorners,
  image,
  PHONE_EXIF,
  secretsIn,
  storedPixels,
  withTiffFields,
  XMP,
} from '../../../helpers/images.ts'
import { isInstalled } from '../../../helpers/programs.ts'
import { givenImage, normalised } from './given-pipeline.ts'

/** Which fields of a TIFF stay, and which boxes of a JPEG XL. */

const plain = await image(fourCorners()).tiff({ compression: 'lzw' }).toBuffer()

test.skipIf(!isInstalled('exiftool'))(
  'what programs write about themselves and people goes, whatever its tag',
  async () => {
    const tiff = withTags(
      plain,
      ...PHONE_TAGS,
      ...['-XPAuthor=Anna Person', '-XPComment=secret', '-DocumentName=secret', '-HostComputer=Mayfly 1'],
      ...['-PageName=secret', '-SerialNumber=secret', '-IPTC:By-line=Anna Person', '-XMP-dc:Creator=Anna Person'],
    )

    const { report, output } = await normalised(tiff)

    const clean = readFileSync(output)
    expect(personalTags(tiff).length).toBeGreaterThan(10)
    expect(report).toMatchObject({ status: 'stripped', removed: ['gps', 'exif', 'xmp', 'iptc', 'comment'] })
    expect([personalTags(clean), secretsIn(clean)]).toEqual([[], []])
    expect(await storedPixels(output)).toEqual(await storedPixels(plain))
  },
)

test('XMP and IPTC that no field points to any more go as well', async () => {
  const packet = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>${XMP}<?xpacket end="w"?>`
  const iptc = Buffer.from('8BIM\x04\x04\0\0\0\0\0\x0b\x1c\x02\x50\0\x06secret', 'latin1')
  const tiff = Buffer.concat([plain, Buffer.from(packet), Buffer.alloc(100), iptc, Buffer.from('kept data')])

  const { report, output } = await normalised(tiff)

  expect(report).toMatchObject({ status: 'stripped', removed: ['xmp', 'iptc'] })
  expect(secretsIn(readFileSync(output))).toEqual([])
  expect(readFileSync(output, 'latin1')).toContain('kept data')
  expect(await storedPixels(output)).toEqual(await storedPixels(plain))
})

test.for([
  ['OME', '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"/>'],
  ['ImageJ', 'ImageJ=1.53t\nimages=1\nunit=micron\n'],
] as const)('a description of %s is data, and stays', async ([, description]) => {
  const tiff = withTiffFields(plain, [
    { tag: 270, value: description },
    { tag: 315, value: 'Anna Person' },
  ])

  const { report, output } = await normalised(tiff)

  expect(report?.removed).toEqual(['exif'])
  expect(readFileSync(output, 'latin1')).toContain(description)
  expect(secretsIn(readFileSync(output))).toEqual([])
})

test('a BigTIFF loses its metadata and keeps its pixels', async () => {
  const tiff = await image(fourCorners()).withXmp(XMP).tiff({ compression: 'lzw', bigtiff: true }).toBuffer()

  const { report, output } = await normalised(tiff)

  expect(report).toMatchObject({ format: 'tiff', status: 'stripped', removed: ['xmp'], dimensions: [48, 32] })
  expect(secretsIn(readFileSync(output))).toEqual([])
  expect(await storedPixels(output)).toEqual(await storedPixels(tiff))
})

test.skipIf(!isInstalled('exiftool'))('an image inside of another stays, and loses its metadata, too', async () => {
  const inner = [
    { tag: 256, value: 4711 },
    { tag: 315, value: 'Anna Person' },
  ]
  const tiff = withTiffFields(plain, [{ tag: 330, value: inner }])

  const { report, output } = await normalised(tiff)

  expect(report).toMatchObject({ status: 'stripped', removed: ['exif'] })
  expect(secretsIn(readFileSync(output))).toEqual([])
  expect(exiftool('-s3', '-SubIFD:ImageWidth', output).toString().trim()).toBe('4711')
})

test('a plate for a spot colour never becomes transparency', async () => {
  const rgba = sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 200, g: 10, b: 10, alpha: 0.5 } } })
  const profile = givenImage(adobeRgbProfile(), 'adobe.icc')
  const alpha = await rgba.withIccProfile(profile).withXmp(XMP).tiff({ compression: 'none' }).toBuffer()
  const spot = withTiffFields(alpha, [{ tag: 338, value: 0 }])

  const { report, output } = await normalised(spot)

  expect(report).toMatchObject({ status: 'stripped', reason: 'it has a plate for a colour of its own' })
  expect(readFileSync(output).subarray(8, 200)).toEqual(spot.subarray(8, 200))
  expect(secretsIn(readFileSync(output))).toEqual([])
})

test.skipIf(!isInstalled('exiftool'))('a TIFF with garbage in its fields never throws', async () => {
  const tiff = withTags(plain, ...PHONE_TAGS)
  const start = tiff.readUInt32LE(4)
  for (const end of damaged(tiff.subarray(start), 40)) {
    const { report } = await normalised(Buffer.concat([tiff.subarray(0, start), end]))
    expect(['stripped', 'unchanged', 'normalised']).toContain(report?.status)
  }
})

test.for([
  ['whose fields all point to their own directory', pointingTo(8, 1000)],
  ['of packets without an end', Buffer.concat([pointingTo(0, 0), Buffer.alloc(3_000_000, '<x:xmpmeta')])],
] as const)('a TIFF %s takes little time', { timeout: 10_000 }, async ([, tiff]) => {
  const { report } = await normalised(tiff)

  expect(report?.status).toBe('unchanged')
})

/** A TIFF of one directory, at byte 8, whose fields are pointers to Exif. */
function pointingTo(position: number, fields: number): Buffer {
  const field = Buffer.from('6987040001000000' + '00000000', 'hex')
  field.writeUInt32LE(position, 8)
  const count = Buffer.of(fields & 255, fields >> 8)
  return Buffer.concat([
    Buffer.from('II*\0\x08\0\0\0', 'latin1'),
    count,
    Buffer.alloc(12 * fields, field),
    Buffer.alloc(4),
  ])
}

test.skipIf(!isInstalled('exiftool'))('a JPEG XL loses its boxes of metadata, compressed ones, too', async () => {
  const exif = (await sharp(await image(fourCorners()).withExif(PHONE_EXIF).jpeg().toBuffer()).metadata()).exif
  const content = Buffer.concat([Buffer.alloc(4), exif?.subarray(6) ?? Buffer.alloc(0)])
  const signature = box('JXL ', '\r\n\x87\n')
  const pixels = box('jxlc', 'the image')
  const jxl = Buffer.concat([
    ...[signature, box('ftyp', 'jxl \0\0\0\0jxl '), pixels, box('Exif', content), box('xml ', XMP)],
    ...[box('brob', 'xml ', brotliCompressSync(XMP)), box('jbrd', 'secret'), box('jumb', 'secret')],
  ])

  const { report, output } = await normalised(jxl)

  const clean = readFileSync(output)
  expect(report).toMatchObject({ format: 'jxl', status: 'stripped', removed: ['gps', 'exif', 'xmp', 'tags'] })
  expect([personalTags(clean), secretsIn(clean)]).toEqual([[], []])
  expect(clean.includes(pixels)).toBe(true)
})
