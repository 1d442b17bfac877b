import { srgbCurve } from './colour-profile.ts'

export const LIGHT = '#ffffff'
/**
 * In order of preference, each with the distance in Oklab up to which a colour is hardly visible on it (black and white
 * have distance 1). Oklab has much room for dark tones, which screens do not show. Every colour is visible on at least
 * one of them.
 */
const BACKGROUNDS = [
  { colour: LIGHT, lostWithin: 0.1 },
  { colour: '#1b1b1b', lostWithin: 0.23 },
  { colour: '#777777', lostWithin: 0.1 },
].map((one) => ({ ...one, place: oklab(...(Buffer.from(one.colour.slice(1), 'hex').toJSON().data as Colour)) }))

/** Share of the visible pixels; soft edges of a logo are always close to the background. */
const TOLERATED_LOSS = 0.1

/**
 * The background on which a transparent image is visible: the first one on which hardly anything is lost, or else the one
 * with the least loss. Pixels are weighted by their opacity. `pixels`: red, green, blue, alpha of each, eight bits, alpha
 * not multiplied in.
 */
export function visibleBackground(pixels: Uint8Array): string {
  const lost = BACKGROUNDS.map(() => 0)
  let covered = 0
  for (let i = 0; i + 3 < pixels.length; i += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.subarray(i, i + 4)
    if (alpha === 0) continue
    covered += alpha
    const place = oklab(red, green, blue)
    const nearest = BACKGROUNDS.findIndex((background) => distance(background.place, place) < background.lostWithin)
    if (nearest !== -1) lost[nearest] = (lost[nearest] ?? 0) + alpha
  }
  const best = lost.findIndex((loss) => loss <= covered * TOLERATED_LOSS)
  return BACKGROUNDS[best === -1 ? lost.indexOf(Math.min(...lost)) : best]?.colour ?? LIGHT
}

type Colour = [lightness: number, a: number, b: number]

/** Björn Ottosson, “A perceptual color space for image processing” (2020). */
function oklab(...rgb: [number, number, number]): Colour {
  const [red, green, blue] = rgb.map((value) => srgbCurve(value / 255)) as [number, number, number]
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ]
}

const distance = (one: Colour, other: Colour): number => Math.hypot(...one.map((value, i) => value - (other[i] ?? 0)))
