import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { createImagePipeline } from '../server/images/pipeline/image-pipeline.ts'
import { createMemoryBudget } from '../server/images/pipeline/memory.ts'
import { createSlots } from '../server/images/pipeline/slots.ts'
import { stripFile } from '../server/images/strip-file.ts'
import { asHeld, drawn, image, PHONE_EXIF } from '../tests/helpers/images.ts'

/** `node scripts/make-image-examples.ts`: creates the images of `images.md`, before and after, with the server's own code. */

const images = createImagePipeline({
  strip: stripFile,
  limits: { bytes: 1_000_000_000, pixels: 100_000_000, frames: 1000, timeoutMs: 30_000 },
  slots: createSlots({ parallelism: 1, queueLimit: 1, waitMs: 30_000, timeoutMs: 30_000 }),
  memory: createMemoryBudget(1_000_000_000),
})
const target = join(import.meta.dirname, '../docs/images')
const temporary = mkdtempSync(join(tmpdir(), 'mayfly-examples-'))
mkdirSync(target, { recursive: true })

await turnedPhoto()
await wideColours()
await logos()
rmSync(temporary, { recursive: true })

/** A house before hills under the sun, 180 × 120. */
function landscape() {
  return drawn(180, 120, (x, y) => {
    if (x > 34 && x < 74 && y > 64 && y < 98) return x > 48 && x < 60 && y > 78 ? [84, 52, 36] : [236, 226, 206]
    if (y > 46 && y <= 64 && Math.abs(x - 54) < (y - 44) * 1.3) return [186, 62, 44]
    if (Math.hypot(x - 142, y - 26) < 14) return [250, 214, 92]
    if (y > 84 + 10 * Math.sin(x / 24)) return [92 - x / 8, 150 - y / 4, 70]
    return [120 + y / 2, 178 + y / 3, 232]
  })
}

async function normalised(bytes: Buffer): Promise<{ path: string; told: string }> {
  const input = join(temporary, 'input')
  const path = join(temporary, 'output')
  writeFileSync(input, bytes)
  return { path, told: JSON.stringify(await images.normalise(input, path)) }
}

/** A photo as stored by a phone that was held upright, and its display in every program after the upload. */
async function turnedPhoto(): Promise<void> {
  const stored = image(asHeld(landscape(), 6))
  const photo = await stored
    .clone()
    .withExif(PHONE_EXIF)
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 90 })
    .toBuffer()
  const { path, told } = await normalised(photo)
  await stored.clone().jpeg({ quality: 90 }).toFile(join(target, 'turned-before.jpg'))
  await sharp(path).jpeg({ quality: 90 }).toFile(join(target, 'turned-after.jpg'))
  console.log('turned', told)
}

/** Display P3 values as shown by a program that ignores profiles: dull. */
async function wideColours(): Promise<void> {
  const photo = await image(landscape()).withIccProfile('p3').png({ palette: false }).toBuffer()
  const { path, told } = await normalised(photo)
  await sharp(photo, { ignoreIcc: true }).png({ palette: true }).toFile(join(target, 'colours-before.png'))
  await sharp(path).png({ palette: true }).toFile(join(target, 'colours-after.png'))
  console.log('colours', told)
}

/** A ring and a dot on a transparent background, as JPEG: without its alpha channel, and as `?format=jpeg` returns it. */
async function logos(): Promise<void> {
  for (const [name, left, right] of [
    ['white', 250, 250],
    ['dark', 40, 40],
    ['mixed', 250, 10],
  ] as const) {
    const logo = await ringLogo(left, right)
    await sharp(logo)
      .flatten({ background: 'white' })
      .jpeg({ quality: 90 })
      .toFile(join(target, `${name}-logo-on-white.jpg`))
    const path = join(temporary, 'logo.png')
    writeFileSync(path, logo)
    const { bytes } = await images.derive(path, { format: 'jpeg' })
    writeFileSync(join(target, `${name}-logo-derived.jpg`), bytes)
  }
}

/** In shades of grey. */
async function ringLogo(left: number, right: number): Promise<Buffer> {
  const size = 120
  const data = Buffer.alloc(size * size * 4)
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [(i % size) - size / 2, Math.floor(i / size) - size / 2]
    const edge = Math.max(8 - Math.abs(Math.hypot(x, y) - 40), 14 - Math.hypot(x, y))
    const grey = x < 0 ? left : right
    data.set([grey, grey, grey, Math.max(0, Math.min(255, edge * 128))], i * 4)
  }
  return await sharp(data, { raw: { width: size, height: size, channels: 4 } })
    .png()
    .toBuffer()
}
