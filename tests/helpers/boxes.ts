/** Files of boxes by hand (ISO 14496-12), as cameras write them and sharp does not. */

export function box(type: string, ...content: (Uint8Array | string)[]): Buffer {
  const body = joined(content)
  const header = Buffer.alloc(8)
  header.writeUInt32BE(body.length + 8, 0)
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, body])
}

/** With a version and flags in front. */
export const fullBox = (type: string, ...content: (Uint8Array | string)[]): Buffer => box(type, u32(0), ...content)

const joined = (parts: (Uint8Array | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
  return bytes
}

function u64(...values: number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64BE(BigInt(value), 8 * index)
  return bytes
}

export interface Track {
  /** `vide`, `meta` and the like. */
  handler: string
  /** What its samples are: `avc1`, `gpmd` and the like. */
  format: string
  /** What describes them, behind the sixteen bytes that all descriptions begin with. */
  description?: Uint8Array
  /** Each is a chunk of its own. */
  samples: (Uint8Array | string)[]
  /** Behind its header. */
  boxes?: Buffer[]
}

export interface Film {
  brand?: string
  tracks: Track[]
  /** In its index. */
  boxes?: Buffer[]
  /** Behind its last one. */
  trailer?: Buffer[]
  /** Where its index is. */
  index?: 'first' | 'last' | 'in fragments'
  /** In front of the samples, as zeros. */
  padding?: number
}

const CREATED = 3_850_000_000 // seconds since 1904
const MATRIX = u32(0, 0x10000, 0, -0x10000 >>> 0, 0, 0, 0, 0, 0x40000000) // a quarter turn

/** The parts of a file, with where each is: between them are zeros. */
export function filmParts(film: Film): { start: number; bytes: Buffer }[] {
  const { brand = 'isom', tracks, index = 'first', padding = 0, trailer = [] } = film
  const head = box('ftyp', brand, u32(0x200), brand, 'isom')
  const data = joined(samplesOf(tracks).map(({ sample }) => sample))
  const long = Buffer.concat([u32(1), Buffer.from('mdat'), u64(16 + padding + data.length)])
  if (index === 'in fragments') {
    const parts = [head, movie(film, undefined), ...fragments(tracks), ...trailer]
    return [{ start: 0, bytes: Buffer.concat(parts) }]
  }
  const size = movie(film, 0).length
  const dataStart = head.length + (index === 'first' ? size : 0) + long.length + padding
  const front = index === 'first' ? [head, movie(film, dataStart), long] : [head, long]
  const back = index === 'first' ? [data, ...trailer] : [data, movie(film, dataStart), ...trailer]
  return [
    { start: 0, bytes: Buffer.concat(front) },
    { start: dataStart, bytes: Buffer.concat(back) },
  ]
}

/** A film whose pictures are no pictures, as one buffer. */
export const filmFile = (film: Film): Buffer<ArrayBuffer> => {
  const parts = filmParts(film)
  const last = parts.at(-1)
  const file = Buffer.alloc(last ? last.start + last.bytes.length : 0)
  for (const { start, bytes } of parts) bytes.copy(file, start)
  return file
}

interface Placed {
  track: Track
  sample: Buffer
}

/** The first sample of each track, then the second … */
function samplesOf(tracks: Track[]): Placed[] {
  const count = Math.max(...tracks.map(({ samples }) => samples.length))
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    tracks.flatMap((track) => {
      const sample = track.samples[i]
      return sample === undefined ? [] : [{ track, sample: joined([sample]) }]
    }),
  )
}

/** `dataStart` undefined: its samples come in fragments. */
function movie(film: Film, dataStart: number | undefined): Buffer {
  const { tracks, boxes = [] } = film
  const header = fullBox(
    'mvhd',
    u32(CREATED, CREATED, 600, 600, 0x10000),
    '\x01\0',
    Buffer.alloc(10),
    MATRIX,
    Buffer.alloc(24),
    u32(9),
  )
  const extends_ =
    dataStart === undefined ? [box('mvex', ...tracks.map((_, i) => fullBox('trex', u32(i + 1, 1, 1, 0, 0))))] : []
  return box(
    'moov',
    header,
    ...tracks.map((track, i) => trackBox(film, track, i + 1, dataStart)),
    ...extends_,
    ...boxes,
  )
}

function trackBox({ tracks }: Film, track: Track, id: number, dataStart: number | undefined): Buffer {
  const offsets: number[] = []
  let position = dataStart ?? 0
  for (const placed of samplesOf(tracks)) {
    if (placed.track === track) offsets.push(position)
    position += placed.sample.length
  }
  const sizes = dataStart === undefined ? [] : track.samples.map(({ length }) => length)
  const count = sizes.length
  const table = box(
    'stbl',
    fullBox('stsd', u32(1), box(track.format, Buffer.alloc(6), Buffer.of(0, 1), track.description ?? '')),
    fullBox('stts', u32(1, count, 600)),
    fullBox('stsc', u32(1, 1, 1, 1)),
    fullBox('stsz', u32(0, count, ...sizes)),
    fullBox('co64', u32(count), u64(...offsets.slice(0, count))),
  )
  const header = box(
    'tkhd',
    Buffer.of(0, 0, 0, 3),
    u32(CREATED, CREATED, id, 0, 600, 0, 0, 0, 0),
    MATRIX,
    u32(64 << 16, 48 << 16),
  )
  const media = box(
    'mdia',
    fullBox('mdhd', u32(CREATED, CREATED, 600, 600, 0)),
    fullBox('hdlr', u32(0), track.handler, Buffer.alloc(12), 'GoPro handler\0'),
    box('minf', box('dinf', fullBox('dref', u32(1), box('url ', Buffer.of(0, 0, 0, 1)))), table),
  )
  return box('trak', header, media, ...(track.boxes ?? []))
}

/** One for each sample of the first track; offsets count from the fragment (`default-base-is-moof`). */
function fragments(tracks: Track[]): Buffer[] {
  return (tracks[0]?.samples ?? []).flatMap((_, i) => {
    const samples = tracks.map(({ samples }) => joined([samples[i] ?? '']))
    const build = (start: number) => {
      let at = start
      const trafs = samples.map((sample, track) => {
        const offset = at
        at += sample.length
        const header = box('tfhd', u32(0x20000, track + 1))
        return box('traf', header, box('trun', u32(0x201, 1, offset, sample.length)))
      })
      return box('moof', fullBox('mfhd', u32(i + 1)), ...trafs)
    }
    return [build(build(0).length + 8), box('mdat', ...samples)]
  })
}

/** The description of a picture track, from its seventeenth byte on. */
export const avc1 = Buffer.concat([
  Buffer.alloc(16),
  Buffer.of(0, 64, 0, 48),
  u32(0x480000, 0x480000, 0),
  Buffer.of(0, 1, 18),
  Buffer.from('GoPro AVC encoder'.padEnd(31, '\0')),
  Buffer.of(0, 24, 255, 255),
  box('avcC', Buffer.of(1, 66, 0, 10, 255, 225, 0, 0, 1, 0, 0)),
])

/** Timed metadata of Apple, by the names of its keys. */
export const mebx = (...keys: string[]): Buffer =>
  box('keys', ...keys.map((key, i) => box(String.fromCharCode(0, 0, 0, i + 1), box('keyd', 'mdta', key))))

/** QuickTime's tags with names (`moov/meta`). */
export function quicktimeTags(tags: Record<string, string>): Buffer {
  const entries = Object.entries(tags)
  return box(
    'meta',
    fullBox('hdlr', u32(0), 'mdta', Buffer.alloc(13)),
    fullBox('keys', u32(entries.length), ...entries.map(([name]) => box('mdta', name))),
    box(
      'ilst',
      ...entries.map(([, value], i) => box(String.fromCharCode(0, 0, 0, i + 1), box('data', u32(1, 0), value))),
    ),
  )
}

/** A text of QuickTime's user data, with its length and language. */
export const userText = (type: string, text: string): Buffer => box(type, Buffer.of(0, text.length, 0x15, 0xc7), text)

/** The type of a `uuid` box that holds XMP (XMP part 3). */
export const XMP_UUID = Buffer.from('be7acfcb97a942e89c71999491e3afac', 'hex')
