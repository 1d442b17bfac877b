import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { box, XMP_UUID } from '../../../helpers/boxes.ts'
import { PHONE_TAGS, personalTags, withTags } from '../../../helpers/exiftool.ts'
import { heif, heifPixels } from '../../../helpers/heif.ts'
import { damaged, photo, secretsIn } from '../../../helpers/images.ts'
import { isInstalled } from '../../../helpers/programs.ts'
import { normalised } from './given-pipeline.ts'

/** HEIC and AVIF as libheif and exiftool write them. */

const hasPrograms = isInstalled('heif') && isInstalled('exiftool')
const small = await photo(160, 120)
const heic = hasPrograms ? await heif(small, 'heic') : Buffer.alloc(0)
const avif = hasPrograms ? await heif(small, 'avif') : Buffer.alloc(0)

const tagged = hasPrograms ? withTags(heic, ...PHONE_TAGS) : Buffer.alloc(0)

describe.skipIf(!hasPrograms)('files of libheif', () => {
  test('a HEIC loses its position and what else exiftool finds, and decodes to the same pixels', async () => {
    const bytes = withTags(tagged, '-XMP-dc:Creator=Anna Person', '-XMP-exif:GPSLatitude=52.5')

    const { report, output } = await normalised(bytes)

    const clean = readFileSync(output)
    expect(personalTags(bytes)).toContain('GPS:GPSLatitude')
    expect(report).toEqual({
      format: 'heic',
      status: 'stripped',
      dimensions: [160, 120],
      removed: ['gps', 'exif', 'xmp'],
      originalSize: bytes.length,
    })
    expect([personalTags(clean), secretsIn(clean)]).toEqual([[], []])
    expect(await heifPixels(clean)).toEqual(await heifPixels(heic))
  })

  test('a HEIC without metadata stays as it came, byte for byte', async () => {
    const { report, hasOutput } = await normalised(heic)

    expect([report?.status, report?.reason, hasOutput]).toEqual(['unchanged', undefined, false])
  })

  test('a HEIC with a smaller image inside keeps that', async () => {
    const plain = await heif(small, 'heic', '--thumb', '64')

    const { report, output } = await normalised(withTags(plain, ...PHONE_TAGS))

    expect(report).toMatchObject({ status: 'stripped', dimensions: [160, 120] })
    expect(await heifPixels(readFileSync(output))).toEqual(await heifPixels(plain))
  })

  const PACKET = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,31.0N"/></rdf:RDF></x:xmpmeta>`

  test.for([
    ['HEIC', heic],
    ['AVIF', avif],
  ] as const)('a %s loses the data that makers and programs append to it', async ([, plain]) => {
    const added = [
      box('uuid', XMP_UUID, PACKET),
      box('mpvd', 'secret film'),
      box('sefd', 'Telephone'),
      box('free', 'secret'),
    ]
    const bytes = Buffer.concat([plain, ...added, Buffer.from('no box: secret')])

    const { report, output } = await normalised(bytes)

    const clean = readFileSync(output)
    expect(personalTags(bytes)).toContain('XMP-exif:GPSLatitude')
    expect(report).toMatchObject({ status: 'stripped', removed: ['gps', 'xmp', 'tags', 'motion'] })
    expect([personalTags(clean), secretsIn(clean)]).toEqual([[], []])
    expect(clean.length).toBe(bytes.length)
    expect(await heifPixels(clean)).toEqual(await heifPixels(plain))
  })

  test('a HEIC truncated within its pixels loses its metadata', async () => {
    const { report, output } = await normalised(tagged.subarray(0, -40))

    expect(report).toMatchObject({ status: 'stripped', dimensions: [160, 120] })
    expect(secretsIn(readFileSync(output))).toEqual([])
  })

  test('a HEIC whose metadata lies over its pixels is left as it came, with a reason', async () => {
    const bytes = Buffer.from(tagged)
    // The extent of the second item gets the offset of the first one.
    const locations = bytes.indexOf('iloc')
    bytes.writeUInt32BE(bytes.readUInt32BE(locations + 16), locations + 40)

    const { report, hasOutput } = await normalised(bytes)

    expect(report).toMatchObject({ status: 'unchanged', reason: expect.any(String) })
    expect(hasOutput).toBe(false)
  })

  test('a HEIC with garbage in its index never throws', async () => {
    const reports = []
    for (const bytes of damaged(tagged, 60)) reports.push((await normalised(bytes)).report?.status)

    expect(reports.every((status) => [undefined, 'stripped', 'unchanged'].includes(status))).toBe(true)
  })
})
