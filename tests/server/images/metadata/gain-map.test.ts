import sharp from 'sharp'
import { expect, test } from 'vitest'
import { type StripOptions, stripMetadata } from '../../../../server/images/metadata/strip-metadata.ts'
import { asFile, exiftool, personalTags } from '../../../helpers/exiftool.ts'
import {
  damaged,
  fourCorners,
  image,
  orientationExif,
  PHONE_EXIF,
  secretsIn,
  storedPixels,
  withJpegSegment,
} from '../../../helpers/images.ts'
import { isInstalled } from '../../../helpers/programs.ts'

/** Photos that are brighter on screens that can do that (Ultra HDR), and panoramas: what they need stays. */

const xmp = (content: string) =>
  Buffer.from(
    `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:secret="secret" ${content}</rdf:Description></rdf:RDF></x:xmpmeta>`,
  )
const HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
const ISO = Buffer.from('urn:iso:std:iso:ts:21496:-1\0\0\0\0\0', 'latin1')

const photo = await image(fourCorners()).withExif(PHONE_EXIF).jpeg().toBuffer()
const map = await sharp({ create: { width: 12, height: 8, channels: 3, background: '#808080' } })
  .greyscale()
  .withExif(PHONE_EXIF)
  .jpeg()
  .toBuffer()
const parameters = xmp(
  `${HDRGM} hdrgm:GainMapMax="2.5" hdrgm:Gamma="Anna Person"><hdrgm:GainMapMin><rdf:Seq><rdf:li>0</rdf:li><rdf:li>0.1</rdf:li><rdf:li>0.2</rdf:li></rdf:Seq></hdrgm:GainMapMin>`,
)
const gainMap = withJpegSegment(withJpegSegment(map, 0xe1, parameters), 0xe2, ISO)
const announced = withJpegSegment(withJpegSegment(photo, 0xe1, xmp(`${HDRGM}>`)), 0xe2, ISO)
const ultraHdr = Buffer.concat([announced, gainMap, Buffer.from('secret film')])

async function stripped(bytes: Buffer, options: StripOptions = {}): Promise<{ clean: Buffer; removed: string[] }> {
  const open = async function* () {
    yield bytes.subarray(0, 700)
    yield bytes.subarray(700)
  }
  const result = stripMetadata('jpeg', open, options)
  const clean = Buffer.concat(await Array.fromAsync(result.bytes))
  return { clean, removed: result.removed() }
}

/** XMP stays, written anew. */
const personalIn = (bytes: Buffer) => secretsIn(bytes).filter((secret) => secret !== 'xmpmeta')
const tag = (bytes: Buffer, ...names: string[]) => asFile(bytes, (path) => exiftool('-b', ...names, path))

test.skipIf(!isInstalled('exiftool'))(
  'an Ultra HDR photo keeps its gain map, found by both of its indices, and nothing personal',
  async () => {
    const { clean, removed } = await stripped(ultraHdr)

    expect(removed).toEqual(['gps', 'exif', 'xmp'])
    expect([personalTags(clean), personalIn(clean)]).toEqual([[], []])
    expect(await storedPixels(clean)).toEqual(await storedPixels(photo))
    const kept = tag(clean, '-MPImage2')
    expect(await storedPixels(kept)).toEqual(await storedPixels(map))
    expect(clean.subarray(-kept.length)).toEqual(kept)
    expect(clean.includes(`Item:Length="${kept.length}"`)).toBe(true)
    expect([tag(kept, '-GainMapMax').toString(), tag(kept, '-GainMapMin').toString()]).toEqual(['2.5', '0\n0.1\n0.2'])
    expect([clean, kept].map((bytes) => bytes.includes(ISO))).toEqual([true, true])
  },
)

test.skipIf(!isInstalled('exiftool'))('one that keeps how it is turned keeps its gain map, too', async () => {
  const turned = withJpegSegment(ultraHdr, 0xe1, orientationExif(6))

  const { clean } = await stripped(turned, { salvages: true })

  const kept = tag(clean, '-MPImage2')
  expect(await storedPixels(kept)).toEqual(await storedPixels(map))
  expect(clean.subarray(-kept.length)).toEqual(kept)
  expect((await sharp(clean).metadata()).orientation).toBe(6)
})

test('one that was stripped before has nothing to lose', async () => {
  const { clean } = await stripped(ultraHdr)

  expect(await stripped(clean)).toEqual({ clean, removed: [] })
})

test('a photo whose gain map is missing loses what announces it', async () => {
  const { clean, removed } = await stripped(announced)

  expect(removed).toEqual(['gps', 'exif', 'xmp'])
  expect([clean.includes('hdr-gain-map'), clean.includes(ISO)]).toEqual([false, false])
})

test.skipIf(!isInstalled('exiftool'))('a panorama keeps how it is projected', async () => {
  const content = `xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:ProjectionType="equirectangular" GPano:PoseHeadingDegrees="17.5" GPano:CapturedBy="Anna Person"><GPano:FullPanoWidthPixels>4000</GPano:FullPanoWidthPixels>`

  const { clean } = await stripped(withJpegSegment(photo, 0xe1, xmp(content)))

  expect([personalTags(clean), personalIn(clean)]).toEqual([[], []])
  expect(tag(clean, '-ProjectionType').toString()).toBe('equirectangular')
  expect(tag(clean, '-FullPanoWidthPixels').toString()).toBe('4000')
  expect(tag(clean, '-PoseHeadingDegrees').toString()).toBe('')
})

test('garbage in a photo with a gain map ends in a photo or in a refusal', async () => {
  for (const bytes of damaged(ultraHdr, 200, ultraHdr.length))
    await stripped(bytes).catch((error: unknown) => expect(error).toHaveProperty('reason'))
})
