import { encode } from 'uqr'
import { AppError } from '../lib/errors.ts'

/**
 * Returns a square PNG, `size` pixels wide: each module has a whole number of pixels, the rest is a white margin. Throws
 * `bad_request`: too much text, or too small.
 */
export async function qrCodePng(text: string, size: number): Promise<Buffer> {
  const modules = encodeText(text)
  const scale = Math.floor(size / modules.length)
  if (scale === 0) throw new AppError('qr_size_too_small', { size: modules.length })
  const pixels = Buffer.from(modules.flat().map((isDark) => (isDark ? 0 : 255)))
  const { default: sharp } = await import('sharp') // 20 MB that a server without QR codes does not need
  const drawn = modules.length * scale
  const before = Math.floor((size - drawn) / 2)
  const after = size - drawn - before
  return sharp(pixels, { raw: { width: modules.length, height: modules.length, channels: 1 } })
    .resize(drawn, drawn, { kernel: 'nearest' })
    .extend({ top: before, left: before, bottom: after, right: after, background: 'white' })
    .toColourspace('b-w')
    .png()
    .toBuffer()
}

function encodeText(text: string): boolean[][] {
  try {
    return encode(text, { ecc: 'H', border: 0 }).data
  } catch (cause) {
    throw new AppError('qr_text_too_long', {}, { cause })
  }
}
