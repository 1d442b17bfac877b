import type { GainMap } from './gain-map.ts'
import { containerXmp } from './kept-xmp.ts'

const APP1 = 0xe1
const APP2 = 0xe2
/** A marker and a length. */
const HEADER_BYTES = 4
const INDEX_BYTES = 86

/** The segments of a photo that contain the position of its gain map; they start at `position` in the photo. */
export function gainMapSegments(gainMap: GainMap, position: number): { marker: number; payload: Buffer }[] {
  const container = containerXmp(gainMap.bytes.length)
  const photoBytes = gainMap.photoBytes + container.length + INDEX_BYTES + 2 * HEADER_BYTES
  const nameAt = position + HEADER_BYTES
  return [
    { marker: APP2, payload: imageIndex({ ...gainMap, photoBytes }, nameAt) },
    { marker: APP1, payload: container },
  ]
}

/** The index of a photo and its gain map (CIPA DC-007 §5.2): two entries, whose offsets are relative to the end of its name. */
function imageIndex({ bytes, photoBytes }: GainMap, nameAt: number): Buffer {
  const name = Buffer.from('MPF\0', 'latin1')
  const index = Buffer.alloc(82)
  index.write('MM\0*\0\0\0\x08\0\x03', 'latin1')
  const field = (at: number, tag: number, type: number, count: number, value: number) => {
    index.writeUInt16BE(tag, at)
    index.writeUInt16BE(type, at + 2)
    index.writeUInt32BE(count, at + 4)
    index.writeUInt32BE(value, at + 8)
  }
  field(10, 0xb000, 7, 4, 0x30313030)
  field(22, 0xb001, 4, 1, 2)
  field(34, 0xb002, 7, 32, 50)
  index.writeUInt32BE(0x30000, 50) // the photo, which is what is shown
  index.writeUInt32BE(photoBytes, 54)
  index.writeUInt32BE(bytes.length, 70)
  index.writeUInt32BE(photoBytes - nameAt - name.length, 74)
  return Buffer.concat([name, index])
}
