import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { asFile } from './exiftool.ts'
import { image, type Pixels } from './images.ts'

/** A HEIC or AVIF as libheif writes it. `options` are those of `heif-enc`. */
export async function heif(pixels: Pixels, kind: 'heic' | 'avif', ...options: string[]): Promise<Buffer> {
  const png = await image(pixels).png().toBuffer()
  const encode = (source: string) => {
    const target = `${source}.${kind}`
    run('heif-enc', '-q', '90', ...options, '-o', target, source)
    return readFileSync(target)
  }
  return asFile(png, encode, 'source.png')
}

/** Its pixels as libheif decodes them, upright. */
export async function heifPixels(file: Uint8Array): Promise<Pixels> {
  const png = asFile(file, (source) => {
    run('heif-convert', source, `${source}.png`)
    return readFileSync(`${source}.png`)
  })
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

const run = (program: string, ...options: string[]) =>
  execFileSync(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
