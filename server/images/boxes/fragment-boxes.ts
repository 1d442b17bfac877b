import { malformed } from '../metadata/unstrippable-error.ts'
import type { Box, BoxReader } from './box.ts'
import type { Cleaning } from './cleaning.ts'
import { cleanBox, type Movie } from './movie-boxes.ts'

const KEPT_IN_FRAGMENT = new Set(['mfhd', 'traf', 'pssh'])
const KEPT_IN_TRACK = new Set('tfhd tfdt trun sdtp sbgp sgpd subs saiz saio senc tfxd tfrf'.split(' '))

/** Flags of `tfhd` and `trun` (ISO 14496-12 §8.8.7, §8.8.8). */
const HAS_BASE = 0x1
const HAS_DESCRIPTION = 0x2
const HAS_DURATION = 0x8
const HAS_SIZE = 0x10
const BASE_IS_FRAGMENT = 0x20000
const RUN_HAS_OFFSET = 0x1
const RUN_HAS_FIRST_FLAGS = 0x4
const RUN_PER_SAMPLE = [0x100, 0x200, 0x400, 0x800]
const RUN_HAS_SIZES = 0x200

/** Removes personal data from a fragment of a film (`moof`), including the samples of removed tracks. */
export function cleanFragment(boxes: BoxReader, movie: Movie, cleaning: Cleaning): void {
  for (const root of boxes.children(0, boxes.bytes.length)) {
    let end = boxes.base + root.start
    for (const box of boxes.childrenOf(root)) {
      if (box.type === 'traf') end = cleanTrack(boxes, box, { movie, cleaning, fragmentStart: boxes.base, end })
      else cleanBox(boxes, box, KEPT_IN_FRAGMENT, cleaning)
    }
  }
}

interface Context {
  movie: Movie
  cleaning: Cleaning
  fragmentStart: number
  /** End of the samples of the previous track. */
  end: number
}

/** Returns the end of its samples. */
function cleanTrack(boxes: BoxReader, track: Box, context: Context): number {
  const { movie, cleaning, fragmentStart, end: previousEnd } = context
  const inner = boxes.childrenOf(track)
  const box = inner.find(({ type }) => type === 'tfhd')
  if (!box) throw malformed('a fragment of no track')
  const { id, base, size = movie.sampleSizes.get(id) ?? 0 } = readHeader(boxes, box)
  const isHidden = movie.hidden.has(id)
  const start = base === 'fragment' ? fragmentStart : (base ?? previousEnd)
  let end = start
  for (const run of inner.filter(({ type }) => type === 'trun')) {
    const range = readRun(boxes, run, { base: start, previousEnd: end, size })
    if (isHidden) cleaning.edits.zero(range.start, range.end)
    end = range.end
  }
  if (isHidden) {
    cleaning.edits.write(boxes.base + track.start + 4, Buffer.from('free', 'latin1'))
    cleaning.edits.zero(boxes.base + track.content, boxes.base + track.end)
  } else for (const one of inner) cleanBox(boxes, one, KEPT_IN_TRACK, cleaning)
  return end
}

/** The header of a track in a fragment. */
interface TrackHeader {
  id: number
  /** The base of the offsets of its runs; undefined: the end of the previous track. */
  base: number | 'fragment' | undefined
  /** Size of each sample. */
  size: number | undefined
}

function readHeader({ number }: BoxReader, box: Box): TrackHeader {
  const flags = number(box, 1, 3)
  let at = 8
  const optional = (flag: number, length: 4 | 8) => {
    if ((flags & flag) === 0) return undefined
    at += length
    return number(box, at - length, length)
  }
  const base = optional(HAS_BASE, 8)
  optional(HAS_DESCRIPTION, 4)
  optional(HAS_DURATION, 4)
  const size = optional(HAS_SIZE, 4)
  return { id: number(box, 4, 4), base: base ?? ((flags & BASE_IS_FRAGMENT) !== 0 ? 'fragment' : undefined), size }
}

interface RunContext {
  base: number
  previousEnd: number
  /** Size of each sample, if the run does not contain it. */
  size: number
}

function readRun({ number, bytes }: BoxReader, box: Box, { base, previousEnd, size }: RunContext) {
  const flags = number(box, 1, 3)
  const count = number(box, 4, 4)
  const hasOffset = (flags & RUN_HAS_OFFSET) !== 0
  number(box, hasOffset ? 8 : 4, 4)
  const start = hasOffset ? base + bytes.readInt32BE(box.content + 8) : previousEnd
  if ((flags & RUN_HAS_SIZES) === 0) return { start, end: start + count * size }
  const first = 8 + (hasOffset ? 4 : 0) + ((flags & RUN_HAS_FIRST_FLAGS) === 0 ? 0 : 4)
  const step = 4 * RUN_PER_SAMPLE.filter((flag) => (flags & flag) !== 0).length
  const sizeAt = first + ((flags & 0x100) === 0 ? 0 : 4)
  let end = start
  for (let sample = 0; sample < count; sample++) end += number(box, sizeAt + step * sample, 4)
  return { start, end }
}
