/**
 * Whether an ICC profile describes sRGB, determined by its numbers and not by its name or hash: there are dozens of sRGB
 * profiles, some named "c2", and others are named sRGB but are not. Primaries and tone curves are compared with those of
 * IEC 61966-2-1. A profile of look-up tables is not recognised and therefore converted, which changes very little.
 */
export function isSrgbProfile(icc: Buffer): boolean {
  try {
    const tag = tagsOf(icc)
    const space = icc.toString('latin1', 16, 20)
    if (space === 'GRAY') return isSrgbCurve(tag('kTRC'))
    if (space !== 'RGB ' || tag('A2B0') !== undefined) return false
    const sameColours = Object.entries(PRIMARIES).every(([name, expected]) => isNear(xyz(tag(name)), expected))
    return sameColours && ['rTRC', 'gTRC', 'bTRC'].every((name) => isSrgbCurve(tag(name)))
  } catch (error) {
    // Offsets that lead out of it.
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Primaries of sRGB in ICC profiles, adapted to their white point D50. */
const PRIMARIES = { rXYZ: [0.4361, 0.2225, 0.0139], gXYZ: [0.3851, 0.7169, 0.0971], bXYZ: [0.1431, 0.0606, 0.7141] }
/** Display P3, the nearest common colour space, differs by 0.08. */
const PRIMARY_TOLERANCE = 0.003
/** A plain gamma of 2.2 is accepted: it differs by less than 0.009, two of 255 levels in shadows. Gamma 1.8 is not. */
const CURVE_TOLERANCE = 0.01

type Tag = (name: string) => Buffer | undefined

/** ICC.1:2022 §7.3: a table of signature, offset and size. */
function tagsOf(icc: Buffer): Tag {
  const count = Math.min(icc.readUInt32BE(128), 100)
  const tags = new Map<string, Buffer>()
  for (let at = 132; at < 132 + 12 * count; at += 12) {
    const offset = icc.readUInt32BE(at + 4)
    tags.set(icc.toString('latin1', at, at + 4), icc.subarray(offset, offset + icc.readUInt32BE(at + 8)))
  }
  return (name) => tags.get(name)
}

const fixed = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) / 65_536

const xyz = (tag: Buffer | undefined): number[] => (tag ? [fixed(tag, 8), fixed(tag, 12), fixed(tag, 16)] : [])

const isNear = (values: number[], expected: number[]): boolean =>
  expected.every((value, i) => Math.abs((values[i] ?? Number.NaN) - value) < PRIMARY_TOLERANCE)

/** From a value to light (IEC 61966-2-1). */
export const srgbCurve = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4

function isSrgbCurve(tag: Buffer | undefined): boolean {
  const curve = tag && curveOf(tag)
  const samples = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
  return curve !== undefined && samples.every((x) => Math.abs(curve(x) - srgbCurve(x)) < CURVE_TOLERANCE)
}

/** From encoded to linear light, both from 0 to 1. */
function curveOf(tag: Buffer): ((x: number) => number) | undefined {
  const type = tag.toString('latin1', 0, 4)
  if (type === 'curv') return sampledCurve(tag)
  return type === 'para' ? parametricCurve(tag) : undefined
}

/** ICC.1:2022 §10.6: none is linear, one is a gamma, more are a table. */
function sampledCurve(tag: Buffer): (x: number) => number {
  const count = tag.readUInt32BE(8)
  if (count === 0) return (x) => x
  if (count === 1) return (x) => x ** (tag.readUInt16BE(12) / 256)
  return (x) => tag.readUInt16BE(12 + 2 * Math.round(x * (count - 1))) / 65_535
}

/** ICC.1:2022 §10.18. Kinds 0 to 4 have 1, 3, 4, 5 and 7 parameters. */
function parametricCurve(tag: Buffer): ((x: number) => number) | undefined {
  const kind = tag.readUInt16BE(8)
  const count = [1, 3, 4, 5, 7][kind]
  if (count === undefined) return undefined
  const [g = 1, a = 1, b = 0, c = 0, d = -b / a, e = 0, f = 0] = Array.from({ length: count }, (_, i) =>
    fixed(tag, 12 + 4 * i),
  )
  if (kind === 0) return (x) => x ** g
  if (kind <= 2) return (x) => (x >= -b / a ? (a * x + b) ** g : 0) + c
  return (x) => (x >= d ? (a * x + b) ** g + e : c * x + f)
}
