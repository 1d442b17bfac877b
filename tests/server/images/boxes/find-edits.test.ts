import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { editFile } from '../../../../server/images/boxes/edit-file.ts'
import { edited } from '../../../../server/images/boxes/edits.ts'
import { findEdits } from '../../../../server/images/boxes/find-edits.ts'
import { UnstrippableError } from '../../../../server/images/metadata/unstrippable-error.ts'
import { withFile } from '../../../../server/images/pipeline/with-file.ts'
import { box, type Film, filmFile, filmParts, u32 } from '../../../helpers/boxes.ts'
import { temporaryFolder } from '../../../helpers/database.ts'
import { personalTags } from '../../../helpers/exiftool.ts'
import { cameraFilm, iphoneFilm, PICTURES } from '../../../helpers/films.ts'
import { damaged, secretsIn } from '../../../helpers/images.ts'
import { isInstalled } from '../../../helpers/programs.ts'

async function editsOf(bytes: Uint8Array) {
  const path = join(temporaryFolder(), 'film')
  await writeFile(path, bytes)
  return withFile(path, (readAt) => findEdits({ readAt, size: bytes.length }))
}

/** In pieces of no regular size, as a store gives them. */
async function cleaned(bytes: Buffer) {
  const { edits, removed } = await editsOf(bytes)
  const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 1000), bytes.subarray(1000)].map((piece) =>
    Buffer.from(piece),
  )
  return { removed, clean: Buffer.concat(await Array.fromAsync(edited(iterated(pieces), edits))) }
}

async function* iterated<T>(values: T[]): AsyncGenerator<T> {
  yield* values
}

const personalIn = (bytes: Buffer) => [
  ...secretsIn(bytes),
  ...['GPS (', '+52.5'].filter((place) => bytes.includes(place)),
]
const LAYOUTS = ['first', 'last', 'in fragments'] as const

test.skipIf(!isInstalled('exiftool')).for(LAYOUTS)(
  'an iPhone’s film loses place, device and date, its index %s',
  async (index) => {
    const film = filmFile(iphoneFilm({ index }))

    const { removed, clean } = await cleaned(film)

    expect(personalTags(film)).toContain('Keys:GPSCoordinates')
    expect(removed).toEqual(['gps', 'device', 'date', 'tags', 'telemetry'])
    expect([personalTags(clean), personalIn(clean)]).toEqual([[], []])
    expect(clean.length).toBe(film.length)
    for (const sample of [...PICTURES, 'how it is turned']) expect(clean.indexOf(sample)).toBe(film.indexOf(sample))
  },
)

test.skipIf(!isInstalled('exiftool')).for(['first', 'last'] as const)(
  'measurements of cameras, drones and dashcams are removed, their index %s',
  async (index) => {
    const film = filmFile(cameraFilm({ index }))

    const { removed, clean } = await cleaned(film)

    expect(personalTags(film).filter((tag) => /GPS|XMP/.test(tag))).not.toEqual([])
    expect(removed).toEqual(['gps', 'xmp', 'device', 'date', 'tags', 'telemetry'])
    expect([personalTags(clean), personalIn(clean)]).toEqual([[], []])
    for (const kept of [...PICTURES, 'The first chapter', 'Start', 'avcC', 'GSpherical'])
      expect([kept, clean.indexOf(kept)]).toEqual([kept, film.indexOf(kept)])
  },
)

test('a film that tells nothing needs no edit', async () => {
  const { clean } = await cleaned(filmFile(cameraFilm({ index: 'last' })))

  expect((await editsOf(clean)).edits).toEqual([])
})

test.skipIf(!isInstalled('exiftool'))('a film of more than 4 GiB is followed with numbers of 64 bits', async () => {
  const film = cameraFilm({ index: 'last', padding: 5 * 2 ** 30 })
  const path = await sparseFile(film)
  const size = (filmParts(film).at(-1)?.start ?? 0) + (filmParts(film).at(-1)?.bytes.length ?? 0)

  const { edits, removed } = await withFile(path, (readAt) => findEdits({ readAt, size }))
  const file = await open(path, 'r+')
  await editFile(file, edits)
  const end = await file.read(Buffer.alloc(8192), 0, 8192, 5 * 2 ** 30)
  await file.close()

  expect(removed).toContain('telemetry')
  expect(personalIn(end.buffer)).toEqual([])
  expect(end.buffer.includes(PICTURES[0] ?? '')).toBe(true)
  expect(personalTags(path)).toEqual([])
})

async function sparseFile(film: Film): Promise<string> {
  const path = join(temporaryFolder(), 'film')
  await writeFile(path, '')
  const file = await open(path, 'r+')
  for (const { start, bytes } of filmParts(film)) {
    await truncate(path, start)
    await file.write(bytes, 0, bytes.length, start)
  }
  await file.close()
  return path
}

test.for([
  ['of many tiny boxes', Buffer.concat(Array<Buffer>(300_000).fill(box('free')))],
  ['of many tiny boxes in its index', box('moov', ...Array<Buffer>(100_000).fill(box('free')))],
  ['without an index', Buffer.concat([box('ftyp', 'isom'), box('mdat', 'secret')])],
  ['with a compressed index', box('moov', box('cmov', 'secret'))],
  ['with a box that reaches out of its parent', box('moov', u32(1000), 'udta')],
  ['with an index that breaks off', filmFile(cameraFilm()).subarray(0, 700)],
  ['whose samples reach into a box of another kind', withShortData(filmFile(cameraFilm()))],
  ['whose samples are in a box that should be empty', withRenamedData(filmFile(cameraFilm()))],
  ['with an index of 40 MB', box('moov', box('free', Buffer.alloc(40_000_000)))],
] as const)('a film %s can’t be followed', async ([, bytes]) => {
  await expect(editsOf(bytes)).rejects.toThrow(UnstrippableError)
})

/** Its samples are in a box with a length of 64 bits. */
function withShortData(film: Buffer): Buffer {
  film.writeBigUInt64BE(20n, film.indexOf('mdat') + 4)
  return film
}

function withRenamedData(film: Buffer): Buffer {
  film.write('free', film.indexOf('mdat'), 'latin1')
  return film
}

test('garbage in an index ends in edits or in a refusal', async () => {
  for (const index of LAYOUTS)
    for (const bytes of damaged(filmFile(cameraFilm({ index })), 60, 4000)) {
      const error = await editsOf(bytes).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error === undefined || error instanceof UnstrippableError || error instanceof RangeError).toBe(true)
    }
})
