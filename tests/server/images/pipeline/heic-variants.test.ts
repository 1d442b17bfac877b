import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createHeicDecoder,
  createHeicDecoderSearch,
  type HeicDecoder,
} from '../../../../server/images/pipeline/heic-decoder.ts'
import { temporaryFolder } from '../../../helpers/database.ts'
import { withTags } from '../../../helpers/exiftool.ts'
import { heif } from '../../../helpers/heif.ts'
import { colourAt, fourCorners, image, photo } from '../../../helpers/images.ts'
import { isInstalled } from '../../../helpers/programs.ts'
import { givenImage, givenPipeline, LIMITS } from './given-pipeline.ts'

const about = (...colour: number[]) => colour.map((value) => expect.closeTo(value, -1.3))
const hasPrograms = isInstalled('heif')
const heic = hasPrograms ? await heif(fourCorners(), 'heic') : Buffer.alloc(0)
const installed = await createHeicDecoderSearch(LIMITS)()

const derive = (bytes: Uint8Array, heicDecoder: HeicDecoder | undefined = installed, stop?: AbortSignal) =>
  givenPipeline({ heicDecoder }).derive(givenImage(bytes), { format: 'webp', width: 24 }, { signal: stop })

/** The path of a program with these lines of a shell. */
function programOf(...lines: string[]): string {
  const program = join(temporaryFolder(), 'heif-dec')
  writeFileSync(program, ['#!/bin/sh', ...lines].join('\n'))
  chmodSync(program, 0o700)
  return program
}

const scripted = (...lines: string[]): HeicDecoder =>
  createHeicDecoder(programOf(...lines), { ...LIMITS, timeoutMs: 1000 })

test('the decoder is searched for when it is first needed, and kept', async () => {
  const find = createHeicDecoderSearch(LIMITS)
  const { PATH } = process.env
  onTestFinished(() => {
    process.env.PATH = PATH
  })

  process.env.PATH = dirname(programOf('exit 0'))
  const found = await find()
  process.env.PATH = temporaryFolder()

  expect(found).toBeDefined()
  expect(await find()).toBe(found)
  expect(await createHeicDecoderSearch(LIMITS)()).toBe(undefined)
})

describe.skipIf(!hasPrograms)('of a HEIC', () => {
  test('a thumbnail is made by libheif’s tool, with its colours and the right way up', async () => {
    const { bytes, dimensions } = await derive(heic)

    expect(dimensions).toEqual([24, 16])
    expect(await colourAt(bytes, 3, 3)).toEqual(about(220, 30, 30))
    expect(await colourAt(bytes, 20, 12)).toEqual(about(230, 220, 40))
  })

  test.skipIf(!isInstalled('exiftool'))('an orientation in EXIF turns nothing, as HEIF demands', async () => {
    const { bytes, dimensions } = await derive(withTags(heic, '-Orientation#=6'))

    expect(dimensions).toEqual([24, 16])
    expect(await colourAt(bytes, 3, 3)).toEqual(about(220, 30, 30))
  })

  test('nothing is made without the tool, and the reason is told', async () => {
    const { derive } = givenPipeline()

    await expect(derive(givenImage(heic), { format: 'webp' })).rejects.toMatchObject({
      kind: 'not_acceptable',
      parameters: { reason: 'this server has no decoder for HEIC' },
    })
  })

  test('one that is broken or too large is refused', async () => {
    const large = await heif(await photo(400, 300), 'heic')
    const { derive: deriveSmall } = givenPipeline({ limits: { ...LIMITS, pixels: 10_000 }, heicDecoder: installed })

    await expect(derive(heic.subarray(0, heic.length - 200))).rejects.toMatchObject({ kind: 'not_acceptable' })
    await expect(derive(heic.subarray(0, 60))).rejects.toMatchObject({ kind: 'not_acceptable' })
    await expect(deriveSmall(givenImage(large), { width: 24 })).rejects.toMatchObject({ kind: 'not_acceptable' })
  })

  test.for([
    ['fails', 'exit 3'],
    ['takes all memory', 'exec tail /dev/zero'],
    ['takes all time', 'while :; do :; done'],
    ['writes nothing', 'exit 0'],
  ])('a decoder that %s is the image’s problem', async ([, line = '']) => {
    await expect(derive(heic, scripted(line))).rejects.toMatchObject({ kind: 'not_acceptable' })
  })

  test('a decoder knows nothing of the server’s environment', async () => {
    process.env.MAYFLY_SECRET = 'secret'
    const jpeg = givenImage(await image(fourCorners()).jpeg().toBuffer())

    const { dimensions } = await derive(heic, scripted('[ -z "$MAYFLY_SECRET" ] || exit 1', `cp ${jpeg} "$4"`))

    expect(dimensions).toEqual([24, 16])
    delete process.env.MAYFLY_SECRET
  })

  test('who leaves ends the decoder', async () => {
    const leaving = new AbortController()
    const started = givenImage(Buffer.alloc(0), 'started')
    const decoder = scripted(`echo $$ > ${started}`, 'exec sleep 60')
    const work = derive(heic, decoder, leaving.signal)
    const pidOf = () => Number(readFileSync(started, 'utf8'))
    await expect.poll(pidOf).toBeGreaterThan(0)

    leaving.abort(new Error('gone'))

    await expect(work).rejects.toThrow('gone')
    await expect.poll(() => existsSync(`/proc/${pidOf()}`)).toBe(false)
  })
})
