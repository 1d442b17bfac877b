import type { Found } from '../metadata/metadata-kinds.ts'
import type { Box, BoxReader } from './box.ts'
import type { EditList } from './edits.ts'

/** Collects the edits that remove metadata from one file. */
export interface Cleaning {
  edits: EditList
  /** Names of handlers and encoders, which reveal little about the device: removed only together with other metadata. */
  names: EditList
  found: Found
}

/** This many bytes of a box are searched for kinds of metadata. */
export const LOOKED_AT_BYTES = 64 * 1024

/** Boxes without content, or with remains of deleted content. */
export const isFree = (type: string): boolean => type === 'free' || type === 'skip' || type === 'wide'

/** Types 16 bytes long (ISO 14496-12 §11.1) that a player needs: encryption (PIFF), live fragments, the projection of a sphere. */
const KEPT_UUIDS = new Set([
  'a2394f525a9b4f14a2446c427c648df4',
  'd08a4f1810f34a82b6c832d8aba183d3',
  '8974dbce7be74c5184f97148f9882554',
  '6d1d9b0542d544e680e2141daff757b2',
  'd4807ef2ca3946958e5426cb9e46a79f',
  'ffcc8263f8554a938814587a02521fdd',
])

export const isKeptUuid = (userType: Buffer): boolean => KEPT_UUIDS.has(userType.toString('hex', 0, 16))

/** Turns a box into an empty one. */
export function blankBox({ bytes, base, text }: BoxReader, box: Box, { edits, found }: Cleaning): void {
  noteBox(box.type, text(box, 0, LOOKED_AT_BYTES), found)
  edits.write(base + box.start + 4, Buffer.from('free', 'latin1'))
  zeroUnlessZero(bytes, base, box.content, box.end, edits)
}

/** Empties a box that should be empty already. */
export function emptyBox({ bytes, base }: BoxReader, box: Box, { edits, found }: Cleaning): void {
  const before = edits.count()
  zeroUnlessZero(bytes, base, box.content, box.end, edits)
  if (edits.count() > before) found.add('tags')
}

/** Bytes of an index, at `start` in it. */
export function zeroUnlessZero(bytes: Buffer, base: number, start: number, end: number, edits: EditList): void {
  if (bytes.subarray(start, end).some((byte) => byte !== 0)) edits.zero(base + start, base + end)
}

const PLACE = /\xa9xyz|loci|location|GPS|latitude/i
const DEVICE =
  /\xa9(?:mak|mod|swr|too|enc)|make|model|manu|modl|serial|device|camera|software|encoder|FIRM|CAME|GoPro|DJI/i
const DATE = /\xa9day|date/i

/** Notes which kinds of metadata a removed box holds, by its type and the words in it. */
export function noteBox(type: string, content: string, found: Found): void {
  const text = type + content
  if (PLACE.test(text)) found.add('gps')
  if (DEVICE.test(text)) found.add('device')
  if (DATE.test(text)) found.add('date')
  if (/^XMP_|x:xmpmeta|adobe:ns:meta/.test(text)) found.add('xmp')
  else if (type === 'mpvd') found.add('motion')
  else if (/^(?:thmb|CNTH|PICT|pnot)/.test(type)) found.add('thumbnail')
  else found.add('tags')
}
