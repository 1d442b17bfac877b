import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../helpers/database.ts'
import {
  adobeRgbProfile,
  asHeld,
  declaredPng,
  fourCorners,
  image,
  orientationExif,
  PHONE_EXIF,
  photo,
  tinyGif,
  withJpegSegment,
  withPngChunk,
  withPngProfile,
} from '../../../helpers/images.ts'
import { givenImage, givenPipeline, LIMITS, normalised } from './given-pipeline.ts'

const png = () => image(fourCorners()).png().toBuffer()
const turnedJpeg = async (width = 48, height = 32) =>
  withJpegSegment(
    await image(await photo(width, height))
      .jpeg()
      .toBuffer(),
    0xe1,
    orientationExif(6),
  )

test.for([
  ['its first chunk is another', (bytes: Buffer) => bytes.write('XHDR', 12, 'latin1')],
  ['its width is none', (bytes: Buffer) => bytes.writeUInt32BE(0, 16)],
  ['its signature went through a text-mode transfer', (bytes: Buffer) => bytes.write('\n\x1a\n\n', 4, 'latin1')],
] as const)('a PNG with a broken header is left as it came: %s', async ([, damage]) => {
  const broken = await png()
  damage(broken)

  const { report, hasOutput } = await normalised(broken)

  expect(report).toEqual({
    format: 'png',
    status: 'unchanged',
    reason: 'its header can’t be read',
    removed: [],
    remaining: [],
    originalSize: broken.length,
  })
  expect(hasOutput).toBe(false)
})

test('a PNG whose header has a wrong checksum is left as it came', async () => {
  const broken = await png()
  broken.writeUInt32BE(7, 29)

  const { report, hasOutput } = await normalised(broken)

  expect(report).toMatchObject({ format: 'png', status: 'unchanged', reason: 'its content can’t be decoded' })
  expect(hasOutput).toBe(false)
})

test('PNG bytes are a PNG, whatever their name', async () => {
  const images = givenPipeline()
  const input = givenImage(withPngChunk(await png(), 'tEXt', Buffer.from('Author\0Anna Person')), 'holiday.jpg')
  const output = join(temporaryFolder(), 'result.jpg')

  const report = await images.normalise(input, output)

  expect(report).toMatchObject({ format: 'png', status: 'stripped', removed: ['comment'] })
  expect((await sharp(output).metadata()).format).toBe('png')
})

test('what is encoded anew keeps its format, whatever the output is called', async () => {
  const images = givenPipeline()
  const input = givenImage(withPngProfile(await png(), adobeRgbProfile()), 'holiday.gif')
  const output = join(temporaryFolder(), 'result.webp')

  const report = await images.normalise(input, output)

  expect(report).toMatchObject({ format: 'png', status: 'normalised' })
  expect((await sharp(output).metadata()).format).toBe('png')
})

test('a file that is no image is none', async () => {
  const { report, hasOutput } = await normalised(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))

  expect([report, hasOutput]).toEqual([undefined, false])
})

test('a JPEG that is a ZIP, too, is a JPEG only, afterwards', async () => {
  const zip = Buffer.from('PK\x03\x04secret', 'latin1')

  const { report, output } = await normalised(Buffer.concat([await turnedJpeg(), zip]))

  expect(report?.status).toBe('normalised')
  expect(readFileSync(output, 'latin1')).not.toContain('PK\x03\x04')
})

test('bytes between the segments of a JPEG, which every program skips, are no reason to give up', async () => {
  const jpeg = withJpegSegment(await image(asHeld(fourCorners(), 1)).jpeg().toBuffer(), 0xe1, orientationExif(6))
  const odd = Buffer.concat([jpeg.subarray(0, -2), Buffer.from([1, 2, 3]), jpeg.subarray(-2)])

  const { report } = await normalised(odd)

  expect(report?.status).toBe('normalised')
})

test('a PNG that declares 50000 × 50000 pixels costs no time and no memory', async () => {
  const before = process.memoryUsage.rss()
  const start = performance.now()

  const { report } = await normalised(declaredPng(50_000, 50_000))

  expect(report).toMatchObject({
    status: 'unchanged',
    reason: 'it has more than 100 megapixels',
    dimensions: [50_000, 50_000],
  })
  expect(performance.now() - start).toBeLessThan(2000)
  expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000)
})

test('a GIF of 100000 frames costs no time and no memory', async () => {
  const before = process.memoryUsage.rss()
  const start = performance.now()

  const { report } = await normalised(tinyGif(100_000))

  expect(report).toMatchObject({ status: 'unchanged', reason: 'it has more than 1000 frames', dimensions: [1, 1] })
  expect(performance.now() - start).toBeLessThan(2000)
  expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000)
})

test('exactly as many pixels and frames as allowed pass, and one more does not', async () => {
  const images = givenPipeline({ limits: { ...LIMITS, pixels: 48 * 32, frames: 3 } })
  const wider = await sharp({ create: { width: 49, height: 32, channels: 3, background: 'red' } })
    .png()
    .toBuffer()

  expect((await normalised(await png(), images)).report?.reason).toBe(undefined)
  expect((await normalised(wider, images)).report?.reason).toBe('it has more than 0.001536 megapixels')
  expect((await normalised(tinyGif(3), images)).report?.reason).toBe(undefined)
  expect((await normalised(tinyGif(4), images)).report?.reason).toBe('it has more than 3 frames')
})

test('a file bigger than any image is not read', async () => {
  const bytes = await png()

  const fits = await normalised(bytes, givenPipeline({ limits: { ...LIMITS, bytes: bytes.length } }))
  const tooBig = await normalised(bytes, givenPipeline({ limits: { ...LIMITS, bytes: bytes.length - 1 } }))

  expect([fits.report?.reason, tooBig.report?.reason]).toEqual([undefined, 'its file is bigger than 0.000159 MB'])
})

test('an upright image that can only be decoded, not followed, is encoded anew', async () => {
  const images = givenPipeline({ strip: () => Promise.reject(new Error('an odd marker')) })
  const jpeg = await image(fourCorners()).withExif(PHONE_EXIF).jpeg({ quality: 95 }).toBuffer()

  const { report, output } = await normalised(jpeg, images)

  expect(report).toMatchObject({ status: 'normalised', removed: ['gps', 'exif'] })
  expect((await sharp(output).metadata()).exif).toBe(undefined)
})

test('pixels of all frames count together', async () => {
  const images = givenPipeline({ limits: { ...LIMITS, pixels: 2 } })

  const { report } = await normalised(tinyGif(3), images)

  expect(report).toMatchObject({ status: 'unchanged', reason: expect.stringContaining('megapixels') })
})

test('an image that takes too long loses its metadata, but keeps how it is turned', async () => {
  const images = givenPipeline({ limits: { ...LIMITS, timeoutMs: 5 }, parallelism: 1 })
  const folder = temporaryFolder()
  const output = join(folder, 'output')

  const report = await images.normalise(givenImage(await turnedJpeg(1600, 1200)), output)

  expect(report).toMatchObject({ status: 'stripped', reason: 'it took longer than 0.005 seconds' })
  expect(await sharp(output).metadata()).toMatchObject({ width: 1600, height: 1200, orientation: 6 })
  // The only slot is free again when libvips has let go; then what it wrote is gone as well.
  await images.normalise(givenImage(await png()), join(temporaryFolder(), 'output'))
  expect(readdirSync(folder)).toEqual(['output'])
})

test('an image that takes too long and can’t be followed is refused, not left as it came', async () => {
  const strip = () => Promise.reject(new Error('an odd marker'))
  const images = givenPipeline({ strip, limits: { ...LIMITS, timeoutMs: 5 } })

  const work = images.normalise(givenImage(await turnedJpeg(1600, 1200)), join(temporaryFolder(), 'output'))

  await expect(work).rejects.toMatchObject({ kind: 'unavailable', retryAfterSeconds: 5 })
})

test('when too many wait, an image is refused, not left as it came', async () => {
  const images = givenPipeline({ parallelism: 1, queueLimit: 1 })
  const input = givenImage(await turnedJpeg(600, 400))

  const work = [1, 2, 3].map(() => images.normalise(input, join(temporaryFolder(), 'output')))
  const outcomes = await Promise.allSettled(work)

  const rejected = outcomes.filter(({ status }) => status === 'rejected') // each is looked at first, so any of them may come last
  expect(rejected).toMatchObject([{ reason: { kind: 'unavailable', retryAfterSeconds: 5 } }])
})

test('an image that needs more memory than there is for images is not decoded', async () => {
  const jpeg = await turnedJpeg(1600, 1200)
  const enough = givenPipeline({ memoryBytes: 13_000_000 })
  const tooLittle = givenPipeline({ memoryBytes: 11_000_000 })

  expect((await normalised(jpeg, enough)).report).toMatchObject({ status: 'normalised' })
  expect((await normalised(jpeg, tooLittle)).report).toMatchObject({
    status: 'stripped',
    reason: 'it takes more memory than there is for an image',
    dimensions: [1200, 1600],
  })
})

test('a claimant that gives up while an image is worked on gets its error at once, and nothing remains of it', async () => {
  const images = givenPipeline({ parallelism: 1 })
  const output = join(temporaryFolder(), 'output')
  const controller = new AbortController()

  const work = images.normalise(givenImage(await turnedJpeg(1600, 1200)), output, { signal: controller.signal })
  setTimeout(() => controller.abort(new Error('gone')), 10)

  await expect(work).rejects.toThrow('gone')
  await images.normalise(givenImage(await png()), join(temporaryFolder(), 'output'))
  expect(existsSync(output)).toBe(false)
})

test('a claimant that gives up while it waits leaves its place to the next', async () => {
  const images = givenPipeline({ parallelism: 1, queueLimit: 1 })
  const controller = new AbortController()
  const first = images.normalise(givenImage(await turnedJpeg(600, 400)), join(temporaryFolder(), 'output'))
  const waiting = images.normalise(givenImage(await png()), join(temporaryFolder(), 'output'), {
    signal: controller.signal,
  })

  controller.abort(new Error('gone'))

  await expect(waiting).rejects.toThrow('gone')
  expect((await first)?.status).toBe('normalised')
})

test('a full disk is no fault of the image', async () => {
  const images = givenPipeline()
  const output = join(temporaryFolder(), 'output')
  // Never the device itself: what is left at the output path after a failure is removed, as root too.
  symlinkSync('/dev/full', `${output}.attempt`)

  const upright = images.normalise(givenImage(await png()), output)

  await expect(upright).rejects.toThrow('ENOSPC')
})

test('a disk that is full while an image is encoded is none either', async () => {
  const images = givenPipeline({ strip: async () => [] })
  const output = join(temporaryFolder(), 'output')
  symlinkSync('/dev/full', `${output}.attempt`)

  const turned = images.normalise(givenImage(await turnedJpeg(600, 400)), output)

  await expect(turned).rejects.toThrow(/No space left/)
})

test('a missing file is not an error of the image', async () => {
  const images = givenPipeline()

  await expect(images.normalise('/nowhere/image.jpg', join(temporaryFolder(), 'output'))).rejects.toThrow('ENOENT')
})
