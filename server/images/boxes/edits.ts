import { malformed, unsupported } from '../metadata/unstrippable-error.ts'
import type { Range } from './sample-ranges.ts'

/**
 * A range of bytes of a file to be replaced; `end` is exclusive. Without `bytes` they become zeros. Positions do not
 * change.
 */
export interface Edit {
  start: number
  end: number
  bytes?: Buffer
}

/** Edits are kept in memory. An hour of a drone's film has some hundred thousand. */
const MAXIMUM_EDITS = 500_000

export type EditList = ReturnType<typeof createEditList>

/** Collects edits. Throws `UnstrippableError` when there are too many. */
export function createEditList() {
  const edits: Edit[] = []

  function add(edit: Edit): void {
    if (edit.end <= edit.start) return
    if (edits.length === MAXIMUM_EDITS) throw unsupported('it holds too many pieces of metadata')
    edits.push(edit)
  }

  return {
    zero: (start: number, end: number) => add({ start, end }),
    write: (start: number, bytes: Buffer) => add({ start, end: start + bytes.length, bytes }),
    count: () => edits.length,
    all: () => edits,
  }
}

/**
 * Sorts edits by position, without overlaps: adjacent zeros become one edit, and of overlapping edits, which occur only
 * in malformed files, the first one is used.
 */
export function inFileOrder(edits: readonly Edit[], fileSize: number): Edit[] {
  const ordered: Edit[] = []
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    const last = ordered.at(-1)
    const start = Math.max(edit.start, last?.end ?? 0)
    const end = Math.min(edit.end, fileSize)
    if (end <= start) continue
    const bytes = edit.bytes?.subarray(start - edit.start, end - edit.start)
    if (last && !last.bytes && !bytes && last.end === start) last.end = end
    else ordered.push({ start, end, ...(bytes && { bytes }) })
  }
  return ordered
}

/** Throws `UnstrippableError` when an edit would change one of these parts of the file. `edits` are in file order. */
export function assertUntouched(ranges: Iterable<Range>, edits: readonly Edit[]): void {
  for (const { start, end } of ranges) {
    const edit = edits[firstEndingBehind(edits, start)]
    if (start < end && edit && edit.start < end) throw malformed('its metadata lies over its pixels')
  }
}

/** The index of the first edit that ends after `position`; the number of edits if none does. */
function firstEndingBehind(edits: readonly Edit[], position: number): number {
  let [low, high] = [0, edits.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edits[middle]?.end ?? 0) > position) high = middle
    else low = middle + 1
  }
  return low
}

/** Passes a file's bytes on with its edits made in them; the chunks must be the caller's to change. `edits` are in file order. */
export async function* edited(
  bytes: AsyncIterable<Uint8Array>,
  edits: readonly Edit[],
): AsyncGenerator<Uint8Array, void> {
  let position = 0
  let next = 0
  for await (const chunk of bytes) {
    const end = position + chunk.length
    for (let edit = edits[next]; edit && edit.start < end; edit = edits[next]) {
      editChunk(chunk, position, edit)
      if (edit.end > end) break
      next += 1
    }
    position = end
    yield chunk
  }
}

function editChunk(chunk: Uint8Array, position: number, { start, end, bytes }: Edit): void {
  const from = Math.max(0, start - position)
  const to = Math.min(chunk.length, end - position)
  if (bytes) chunk.set(bytes.subarray(position + from - start, position + to - start), from)
  else chunk.fill(0, from, to)
}
