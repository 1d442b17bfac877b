import { malformed } from '../metadata/unstrippable-error.ts'
import type { Box, BoxReader } from './box.ts'

/** A range of the file with samples of a track. `end` is exclusive. */
export interface Range {
  start: number
  end: number
}

/** The chunks of a track by its sample table (ISO 14496-12 §8.7): each holds some samples without a gap. */
export function* chunkRanges(boxes: BoxReader, table: Box): Generator<Range> {
  const { find, number } = boxes
  const long = find(table, 'co64')
  const offsets = long ?? find(table, 'stco')
  const runs = find(table, 'stsc')
  const sizeOf = sampleSizes(boxes, table)
  if (!offsets || !runs || !sizeOf) return
  const width = long ? 8 : 4
  const chunkCount = number(offsets, 4, 4)
  const runCount = number(runs, 4, 4)
  let sample = 0
  let run = 0
  for (let chunk = 1; chunk <= chunkCount && sample < sizeOf.count; chunk++) {
    while (run + 1 < runCount && number(runs, 8 + 12 * (run + 1), 4) <= chunk) run += 1
    const perChunk = Math.min(number(runs, 12 + 12 * run, 4), sizeOf.count - sample)
    const start = number(offsets, 8 + width * (chunk - 1), width)
    yield { start, end: start + sizeOf.sum(sample, perChunk) }
    sample += perChunk
  }
}

interface SampleSizes {
  count: number
  /** Total size of `count` samples beginning at `first`. */
  sum: (first: number, count: number) => number
}

function sampleSizes({ find, number }: BoxReader, table: Box): SampleSizes | undefined {
  const sizes = find(table, 'stsz')
  if (!sizes) return compactSizes(find(table, 'stz2'), number)
  const same = number(sizes, 4, 4)
  const count = number(sizes, 8, 4)
  if (same !== 0) return { count, sum: (_, samples) => samples * same }
  return { count, sum: summed((sample) => number(sizes, 12 + 4 * sample, 4)) }
}

function compactSizes(sizes: Box | undefined, number: BoxReader['number']): SampleSizes | undefined {
  if (!sizes) return undefined
  const bits = number(sizes, 7, 1)
  if (![4, 8, 16].includes(bits)) throw malformed('sample sizes of an odd number of bits')
  const size = (sample: number) => {
    if (bits === 16) return number(sizes, 12 + 2 * sample, 2)
    if (bits === 8) return number(sizes, 12 + sample, 1)
    const both = number(sizes, 12 + (sample >> 1), 1)
    return sample % 2 === 0 ? both >> 4 : both & 15
  }
  return { count: number(sizes, 8, 4), sum: summed(size) }
}

const summed =
  (size: (sample: number) => number) =>
  (first: number, count: number): number => {
    let sum = 0
    for (let sample = first; sample < first + count; sample++) sum += size(sample)
    return sum
  }
