/** Brightness of an image, row by row. */
export interface Luma {
  width: number
  height: number
  values: Float32Array
}

/** `pixels`: red, green and blue of each, or its grey, eight bits. */
export function lumaOf(
  pixels: Uint8Array,
  { width, height, channels }: Record<'width' | 'height' | 'channels', number>,
): Luma {
  const [toGreen, toBlue] = channels < 3 ? [0, 0] : [1, 2]
  const values = Float32Array.from({ length: width * height }, (_, i) => {
    const at = channels * i
    return 0.299 * (pixels[at] ?? 0) + 0.587 * (pixels[at + toGreen] ?? 0) + 0.114 * (pixels[at + toBlue] ?? 0)
  })
  return { width, height, values }
}

const WINDOW = 8
const STEP = 4
const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2]

/**
 * Structural similarity of two images of one size (SSIM): the mean over windows of 8 × 8 pixels, 4 apart (Wang, Bovik, Sheikh and
 * Simoncelli 2004, with plain windows instead of Gaussian ones). 1 is the same; below 0.95 people see it.
 */
export function similarity(one: Luma, other: Luma): number {
  let total = 0
  let count = 0
  for (let y = 0; y + WINDOW <= one.height; y += STEP)
    for (let x = 0; x + WINDOW <= one.width; x += STEP) {
      total += windowSimilarity(one, other, x, y)
      count += 1
    }
  return count === 0 ? 1 : total / count
}

function windowSimilarity(a: Luma, b: Luma, left: number, top: number): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0]
  for (let y = top; y < top + WINDOW; y++)
    for (let x = left; x < left + WINDOW; x++) {
      const [p, q] = [a.values[y * a.width + x] ?? 0, b.values[y * b.width + x] ?? 0]
      sumA += p
      sumB += q
      squaresA += p * p
      squaresB += q * q
      products += p * q
    }
  const n = WINDOW * WINDOW
  const [meanA, meanB] = [sumA / n, sumB / n]
  const [varianceA, varianceB] = [squaresA / n - meanA ** 2, squaresB / n - meanB ** 2]
  const covariance = products / n - meanA * meanB
  return (
    ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (varianceA + varianceB + C2))
  )
}
