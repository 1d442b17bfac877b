import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { Derivation } from '../../../../server/images/pipeline/derive.ts'
import {
  gammaSrgbProfile,
  orientationExif,
  withNumberedColours,
  withPngChunk,
  withPngProfile,
} from '../../../helpers/images.ts'
import { givenImage, givenPipeline, normalised } from './given-pipeline.ts'

/** Images that say by numbers instead of an ICC profile what their values mean. */

const about = (...colour: number[]) =>
  colour.map((value) => expect.toSatisfy((is: number) => Math.abs(is - value) <= 3))

const PRIMARIES = { bt709: 1, bt2020: 9, p3: 12 }
const TRANSFER = { linear: 8, sRGB: 13, pq: 16, hlg: 18 }

/** 32 × 32 pixels of one colour, 16 bits, its values from 0 to 1. */
const deep = (...colour: number[]) =>
  sharp(
    Uint16Array.from({ length: 32 * 32 * 3 }, (_, i) => Math.round(65_535 * (colour[i % 3] ?? 0))),
    { raw: { width: 32, height: 32, channels: 3 } },
  ).toColourspace('rgb16')

const cicp = (primaries: number, transfer: number) => Buffer.of(primaries, transfer, 0, 1)

const numberedPng = async (colour: number[], primaries: number, transfer: number) =>
  withPngChunk(
    await deep(...colour)
      .png()
      .toBuffer(),
    'cICP',
    cicp(primaries, transfer),
  )

const numberedAvif = async (colour: number[], primaries: number, transfer: number) =>
  withNumberedColours(
    await deep(...colour)
      .avif({ bitdepth: 10, quality: 100, chromaSubsampling: '4:4:4', effort: 0 })
      .withIccProfile('p3') // what sharp takes 16 bits for, so that the values stay
      .toBuffer(),
    primaries,
    transfer,
  )

async function derivedColour(bytes: Buffer, wish: Derivation = { format: 'png' }): Promise<number[]> {
  const { bytes: derived } = await givenPipeline().derive(givenImage(bytes), wish)
  const { data } = await sharp(derived).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return [...data.subarray(0, 3)]
}

/** BT.2100's values for 10, 203 and 1000 cd/m²: a dark grey, white, and the brightest. */
const GREYS = { pq: [0.3019, 0.5807, 0.7518], hlg: [0.2534, 0.75, 1] }

describe.for([
  ['AVIF', numberedAvif],
  ['PNG', numberedPng],
] as const)('of an HDR %s', ([, make]) => {
  test.for(['pq', 'hlg'] as const)('a thumbnail has the tones that a screen shows (%s)', async (transfer) => {
    const greys = await Promise.all(
      GREYS[transfer].map(async (value) =>
        derivedColour(await make([value, value, value], PRIMARIES.bt2020, TRANSFER[transfer])),
      ),
    )

    // 10 of 203 in sRGB is 63. White has highlights above it.
    expect(greys).toEqual([about(63, 63, 63), about(229, 229, 229), about(255, 255, 255)])
  })

  test('the colours of BT.2020 are those of sRGB', async () => {
    // The red of sRGB at 50 cd/m² in BT.2020 has light in all three.
    const red = await derivedColour(await make([0.4072, 0.2376, 0.1524], PRIMARIES.bt2020, TRANSFER.pq))

    expect(red[0]).toBeGreaterThan(125)
    expect(Math.max(red[1] ?? 255, red[2] ?? 255)).toBeLessThan(25)
  })

  test('nothing is decoded or lost on the way in', async () => {
    const { report } = await normalised(await make([0.5, 0.5, 0.5], PRIMARIES.bt2020, TRANSFER.pq))

    expect(report).toMatchObject({ status: 'unchanged' })
    expect(report?.reason).toBe(undefined)
  })
})

test('an HDR image on its side keeps its colours and the note that turns it', async () => {
  const png = await numberedPng([0.5, 0.5, 0.5], PRIMARIES.bt2020, TRANSFER.pq)
  const turned = withPngChunk(png, 'eXIf', orientationExif(6).subarray('Exif\0\0'.length))

  const { report, output } = await normalised(turned)

  expect(report).toMatchObject({ status: 'stripped', reason: 'its colours would get lost' })
  expect((await sharp(output).metadata()).orientation).toBe(6)
  expect(readFileSync(output).includes('cICP')).toBe(true)
})

test.for([
  ['AVIF', numberedAvif],
  ['PNG', numberedPng],
] as const)('a thumbnail of %s in Display P3 has the sRGB numbers of its colours', async ([, make]) => {
  // (200, 60, 40) of sRGB in Display P3.
  const p3 = [0.7181, 0.2708, 0.2058]

  expect(await derivedColour(await make(p3, PRIMARIES.p3, TRANSFER.sRGB))).toEqual(about(200, 60, 40))
})

describe('a PNG with a gamma', () => {
  const withGamma = async (gamma: number, png?: Buffer) => {
    const content = Buffer.alloc(4)
    content.writeUInt32BE(gamma * 100_000)
    return withPngChunk(png ?? (await deep(0.5, 0.5, 0.5).png().toBuffer()), 'gAMA', content)
  }

  test('of 1 has linear light', async () => {
    expect(await derivedColour(await withGamma(1))).toEqual(about(188, 188, 188))
  })

  test('of 1/2.2 is sRGB', async () => {
    expect(await derivedColour(await withGamma(0.45455))).toEqual(about(128, 128, 128))
  })

  test('and a profile goes by the profile', async () => {
    const png = withPngProfile(await withGamma(1), gammaSrgbProfile())

    expect(await derivedColour(png)).toEqual(about(128, 128, 128))
  })

  test('keeps it on the way in', async () => {
    const { report, output } = await normalised(
      withPngChunk(await withGamma(1), 'tEXt', Buffer.from('Comment\0secret')),
    )

    expect(report?.status).toBe('stripped')
    const { bytes } = await givenPipeline().derive(output, { format: 'png' })
    expect([...(await sharp(bytes).raw().toBuffer()).subarray(0, 3)]).toEqual(about(188, 188, 188))
  })
})

test.for(['jpeg', 'png', 'webp'] as const)('16 bits in Display P3 keep their colours as %s', async (format) => {
  const { icc } = await sharp(await deep(0, 0, 0).png().withIccProfile('p3').toBuffer()).metadata()
  const png = withPngProfile(await deep(0.7181, 0.2708, 0.2058).png().toBuffer(), icc ?? Buffer.alloc(0))

  expect(await derivedColour(png, { format, width: 16 })).toEqual(about(200, 60, 40))
})

test('16 bits with a profile of sRGB keep their colours when they are turned', async () => {
  // Of a gamma of 2.2.
  const png = withPngProfile(await deep(0.7843, 0.2353, 0.1569).png().toBuffer(), gammaSrgbProfile())
  const turned = withPngChunk(png, 'eXIf', orientationExif(6).subarray('Exif\0\0'.length))

  const { report, output } = await normalised(turned)

  expect(report?.status).toBe('normalised')
  expect([...(await sharp(output).raw().toBuffer()).subarray(0, 3)]).toEqual(about(202, 57, 35))
})
