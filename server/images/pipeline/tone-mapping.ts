/**
 * Converts the values of HDR images to light that an ordinary screen can show, where white is 1: dark and medium tones
 * are kept, and bright ones are compressed into the remaining range (ITU-R BT.2390-11 §5.4.1, for each colour
 * separately).
 */

/** cd/m²: white in an HDR image (BT.2408-7 §2.1), and the brightest value that is distinguished from white. */
const WHITE = 203
const PEAK = 1000
const PQ_PEAK = 10_000

/** BT.2100-2 table 4. */
const [M1, M2, C1, C2, C3] = [2610 / 16_384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128]

const pqLight = (value: number): number => {
  const power = value ** (1 / M2)
  return PQ_PEAK * (Math.max(0, power - C1) / (C2 - C3 * power)) ** (1 / M1)
}

const pqValue = (light: number): number => {
  const power = (light / PQ_PEAK) ** M1
  return ((C1 + C2 * power) / (1 + C3 * power)) ** M2
}

const TOP = pqValue(PEAK)
const SCREEN = pqValue(WHITE) / TOP
/** Values up to this one do not change. */
const KNEE = 1.5 * SCREEN - 0.5

/** Perceptual quantiser. */
export function fromPq(value: number): number {
  const relative = Math.min(1, value / TOP)
  return pqLight(TOP * (relative < KNEE ? relative : pressed((relative - KNEE) / (1 - KNEE)))) / WHITE
}

/** The rest of the range, from 0 to 1. */
const pressed = (t: number): number =>
  (2 * t ** 3 - 3 * t ** 2 + 1) * KNEE + (t ** 3 - 2 * t ** 2 + t) * (1 - KNEE) + (3 * t ** 2 - 2 * t ** 3) * SCREEN

/** BT.2100-2 table 5. */
const [A, B, C] = [0.17883277, 0.28466892, 0.55991073]
const SYSTEM_GAMMA = 1.2

/** Hybrid log-gamma, as on a screen of `PEAK`. */
export function fromHlg(value: number): number {
  const scene = value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - C) / A) + B) / 12
  return fromPq(pqValue(PEAK * scene ** SYSTEM_GAMMA))
}
