import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { stripMetadata } from '../../../server/images/metadata/strip-metadata.ts'
import { cleaned } from '../../../web/src/send/cleaned.ts'
import { filmFile } from '../../helpers/boxes.ts'
import { PHONE_TAGS, personalTags, withTags } from '../../helpers/exiftool.ts'
import { cameraFilm } from '../../helpers/films.ts'
import { fourCorners, image, PHONE_EXIF, photo, secretsIn, storedPixels, withTiffFields } from '../../helpers/images.ts'
import { isInstalled } from '../../helpers/programs.ts'

const bytesOf = async (blob: Blob): Promise<Buffer> => Buffer.from(await blob.arrayBuffer())
const blobOf = (bytes: Buffer): Blob => new Blob([new Uint8Array(bytes)])

/** As a phone takes it that is held upright: larger than a chunk. */
async function turned(format: 'jpeg' | 'png' | 'webp'): Promise<Buffer> {
  const pixels = image(await photo(1000, 800)).withExif(PHONE_EXIF)
  return pixels.withMetadata({ orientation: 6 }).toFormat(format).toBuffer()
}

describe('a file that the page cleans before it is encrypted', () => {
  test.each(['jpeg', 'png', 'webp'] as const)('loses of a %s what the server would remove', async (format) => {
    const original = await turned(format)
    const once = async function* () {
      yield original
    }

    const { bytes, report } = await cleaned(blobOf(original))

    const clean = await bytesOf(bytes)
    const server = stripMetadata(format, once, { salvages: true })
    expect(clean.equals(Buffer.concat(await Array.fromAsync(server.bytes)))).toBe(true)
    expect(report).toEqual({ removed: ['gps', 'exif'] })
    expect(secretsIn(original)).toContain('Telephone')
    expect((await sharp(clean).metadata()).orientation).toBe(6)
    expect((await storedPixels(clean)).data.equals((await storedPixels(original)).data)).toBe(true)
  })

  test.skipIf(!isInstalled('exiftool'))('loses of a TIFF all but its pixels and how it is turned', async () => {
    const plain = await image(fourCorners()).tiff({ compression: 'lzw' }).toBuffer()
    const original = withTags(plain, ...PHONE_TAGS, '-Orientation#=6', '-XMP-dc:Creator=Anna Person')

    const { bytes, report } = await cleaned(blobOf(original))

    const clean = await bytesOf(bytes)
    expect(personalTags(original).length).toBeGreaterThan(8)
    expect([personalTags(clean), secretsIn(clean), clean.length]).toEqual([[], [], original.length])
    expect(report).toEqual({ removed: ['gps', 'exif', 'xmp'] })
    expect((await sharp(clean).metadata()).orientation).toBe(6)
    expect((await storedPixels(clean)).data.equals((await storedPixels(original)).data)).toBe(true)
  })

  test('keeps the length of a video', async () => {
    const film = filmFile(cameraFilm())

    const { bytes, report } = await cleaned(blobOf(film))

    const clean = await bytesOf(bytes)
    expect([secretsIn(clean), clean.length]).toEqual([[], film.length])
    expect(report?.removed).toContain('telemetry')
  })

  test('that can’t be followed stays as it was, and says what it still has', async () => {
    const tiff = await image(fourCorners()).tiff().toBuffer()
    const raw = withTiffFields(tiff, [
      { tag: 34853, value: [{ tag: 29, value: '2026:11:23' }] },
      { tag: 50706, value: 1 },
    ])
    const broken = Buffer.concat([Buffer.from('\xff\xd8\xff\xe1\0\x10Exif\0\0', 'latin1'), Buffer.alloc(100)])

    const results = await Promise.all([raw, raw.subarray(0, -9), broken].map((bytes) => cleaned(blobOf(bytes))))

    expect(results.map(({ report }) => report?.remaining)).toEqual([['gps', 'exif'], ['gps', 'exif'], ['exif']])
    expect(await bytesOf(results[0]?.bytes as Blob)).toEqual(raw)
    expect(await bytesOf(results[2]?.bytes as Blob)).toEqual(broken)
  })

  test.each(['text', 'GIF89a', ''])('is left alone when it is neither photo nor video: %j', async (content) => {
    const file = new Blob([content])

    expect(await cleaned(file)).toEqual({ bytes: file })
  })
})
