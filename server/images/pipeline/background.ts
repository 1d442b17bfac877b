export const LIGHT = '#ffffff'
export const DARK = '#1b1b1b'

/** Luma from 0 to 255. Against the background behind it, the contrast of such a pixel is below 1.3 to 1: hardly to be seen. */
const LOST_ON_LIGHT = 224
const LOST_ON_DARK = 56
/** A logo in colours with some white in it looks best as on the white paper that it was drawn for. */
const TOLERATED_LOSS = 0.25

/**
 * The background on which a transparent image can be seen: light, unless more than a quarter of it would be lost there and
 * less on dark. A pixel counts as much as it covers, so an invisible one does not count.
 *
 * `pixels`: red, green, blue, alpha of each, eight bits, alpha not multiplied in.
 */
export function visibleBackground(pixels: Uint8Array): typeof LIGHT | typeof DARK {
  let covered = 0
  let lostOnLight = 0
  let lostOnDark = 0
  for (let i = 0; i + 3 < pixels.length; i += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.subarray(i, i + 4)
    // ITU-R BT.709.
    const luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    covered += alpha
    if (luma >= LOST_ON_LIGHT) lostOnLight += alpha
    if (luma <= LOST_ON_DARK) lostOnDark += alpha
  }
  return lostOnLight > covered * TOLERATED_LOSS && lostOnDark < lostOnLight ? DARK : LIGHT
}
