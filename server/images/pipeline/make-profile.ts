import { srgbCurve } from './colour-profile.ts'

/** Colourants as in ICC profiles, adapted to their white point D50. */
const COLOURANTS = {
  srgb: [0.4361, 0.2225, 0.0139, 0.3851, 0.7169, 0.0971, 0.1431, 0.0606, 0.7141],
  p3: [0.5151, 0.2412, -0.0011, 0.292, 0.6922, 0.0419, 0.1571, 0.0666, 0.7841],
  bt2020: [0.6735, 0.279, -0.0019, 0.1657, 0.6753, 0.03, 0.125, 0.0456, 0.7969],
}
export type Primaries = keyof typeof COLOURANTS

const WHITE = [0.9642, 1, 0.8249]
const HEADER_BYTES = 128
const VERSION = 0x0240_0000
/** Many, because all shadows of PQ are in the first few. */
const CURVE_STEPS = 4096

/**
 * A display profile of three colourants and one curve (ICC.1:2001-04 §6.3.1.2). `curve` maps a value to light, both from
 * 0 to 1.
 */
export function makeProfile(primaries: Primaries, curve: (value: number) => number = srgbCurve): Buffer {
  const light = curveTag(curve)
  const [red, green, blue] = [0, 3, 6].map((at) => COLOURANTS[primaries].slice(at, at + 3))
  const tags: [string, Buffer][] = [
    ['desc', descriptionTag(primaries)],
    ['cprt', Buffer.from('text\0\0\0\0\0\0\0\0', 'latin1')],
    ['wtpt', colourTag(WHITE)],
    ['rXYZ', colourTag(red)],
    ['gXYZ', colourTag(green)],
    ['bXYZ', colourTag(blue)],
    ['rTRC', light],
    ['gTRC', light],
    ['bTRC', light],
  ]
  const table = Buffer.alloc(4 + 12 * tags.length)
  table.writeUInt32BE(tags.length, 0)
  let offset = HEADER_BYTES + table.length
  for (const [index, [signature, content]] of tags.entries()) {
    table.write(signature, 4 + 12 * index, 'latin1')
    table.writeUInt32BE(offset, 8 + 12 * index)
    table.writeUInt32BE(content.length, 12 + 12 * index)
    offset += content.length
  }
  return Buffer.concat([header(offset), table, ...tags.map(([, content]) => content)])
}

function header(size: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt32BE(size, 0)
  bytes.writeUInt32BE(VERSION, 8)
  bytes.write('mntrRGB XYZ ', 12, 'latin1')
  bytes.write('acsp', 36, 'latin1')
  colourTag(WHITE).copy(bytes, 68, 8)
  return bytes
}

function colourTag(values: number[] = []): Buffer {
  const tag = Buffer.alloc(20)
  tag.write('XYZ ', 'latin1')
  for (const [index, value] of values.entries()) tag.writeInt32BE(Math.round(value * 65_536), 8 + 4 * index)
  return tag
}

function curveTag(curve: (value: number) => number): Buffer {
  const tag = Buffer.alloc(12 + 2 * CURVE_STEPS)
  tag.write('curv', 'latin1')
  tag.writeUInt32BE(CURVE_STEPS, 8)
  for (let step = 0; step < CURVE_STEPS; step++) {
    const light = Math.min(1, Math.max(0, curve(step / (CURVE_STEPS - 1))))
    tag.writeUInt16BE(Math.round(65_535 * light), 12 + 2 * step)
  }
  return tag
}

/** ICC.1:2001-04 §6.5.17: a text, and two empty ones for other scripts. */
function descriptionTag(name: string): Buffer {
  const tag = Buffer.alloc(12 + name.length + 1 + 78 + 4)
  tag.write('desc', 'latin1')
  tag.writeUInt32BE(name.length + 1, 8)
  tag.write(name, 12, 'latin1')
  return tag.subarray(0, tag.length - (tag.length % 4))
}
