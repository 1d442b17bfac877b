/** Position and scale of an image in its box. Pure. */

/** A `scale` of 1 fits the image into its box; `x` and `y` are the distance of its centre from that of the box, in pixels. */
export interface Placement {
  scale: number
  x: number
  y: number
}

export interface Point {
  x: number
  y: number
}

interface Size {
  width: number
  height: number
}

export const FITTED: Placement = { scale: 1, x: 0, y: 0 }
const MAX_SCALE = 8

/** Zooms while the point `at`, relative to the centre of the box, stays in place. */
export function zoomed(from: Placement, scale: number, at: Point, box: Size): Placement {
  const next = clamped(scale, 1, MAX_SCALE)
  const factor = next / from.scale
  return inside({ scale: next, x: at.x - (at.x - from.x) * factor, y: at.y - (at.y - from.y) * factor }, box)
}

export const moved = (from: Placement, by: Point, box: Size): Placement =>
  inside({ ...from, x: from.x + by.x, y: from.y + by.y }, box)

/** Limits the position so that no edge of the image moves inside the box. */
function inside({ scale, x, y }: Placement, { width, height }: Size): Placement {
  const [reachX, reachY] = [((scale - 1) * width) / 2, ((scale - 1) * height) / 2]
  return { scale, x: clamped(x, -reachX, reachX), y: clamped(y, -reachY, reachY) }
}

const clamped = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))
