import { setTimeout as sleep } from 'node:timers/promises'
import sharp, { type Sharp } from 'sharp'
import type { Context, Scenario } from '../context.ts'
import { forgetPeak, memoryMiB } from '../processes.ts'
import type { Target } from '../targets.ts'

const IMAGES = 300
const IMAGES_IN_QUICK_RUN = 30
/** Senders at a time. */
const CONNECTIONS = 4
const SETTLE_MS = 5_000

export const imageMemory: Scenario = {
  name: 'image-memory',
  about: 'memory before, during and after images of eight kinds (0.1 to 12 megapixels), each with a thumbnail',
  async run(context) {
    const images = await Promise.all(KINDS.map((make) => make()))
    const count = context.sizes.archives[0]?.files === 100 ? IMAGES : IMAGES_IN_QUICK_RUN
    await context.withTargets(['mayfly'], async ([mayfly]) => {
      if (mayfly) await measure(context, mayfly, images, count)
    })
  },
}

async function measure({ compare }: Context, mayfly: Target, images: Buffer[], count: number): Promise<void> {
  const report = (name: string, value: number, atMost?: number) =>
    compare(
      {
        name: `${name} ${count} mixed images`,
        unit: 'MiB',
        contenders: [{ target: 'mayfly', run: async () => ({ value }) }],
        ...(atMost !== undefined && { goals: [{ atMost }] }),
      },
      { rounds: 1, warmUp: false },
    )
  await report('before', memoryMiB(mayfly.pid).now)
  forgetPeak(mayfly.pid)
  await sendAll(mayfly, images, count)
  await sleep(SETTLE_MS)
  const { now, peak } = memoryMiB(mayfly.pid)
  await report('peak with', peak)
  await report('after', now, 300)
}

async function sendAll({ port }: Target, images: Buffer[], count: number): Promise<void> {
  let next = 0
  const sender = async () => {
    for (let index = next++; index < count; index = next++) {
      const body = new Uint8Array(images[index % images.length] ?? Buffer.alloc(0))
      const headers = { Accept: 'application/json' }
      const response = await fetch(`http://127.0.0.1:${port}/image-${index}`, { method: 'PUT', body, headers })
      const { id, files } = (await response.json()) as { id: string; files: { id: string; fileName: string }[] }
      const [file] = files
      if (!file) throw new Error(`image ${index} was not stored: ${response.status}`)
      const url = `http://127.0.0.1:${port}/file/${id}/${file.id}/${file.fileName}?format=webp&width=256&still=true`
      const thumbnail = await fetch(url)
      await thumbnail.bytes()
      if (!thumbnail.ok) throw new Error(`image ${index} has no thumbnail: ${thumbnail.status}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, sender))
}

/** Noise on grey, of which codecs make as much as of a photo. */
const noise = (width: number, height: number): Sharp =>
  sharp({
    create: { width, height, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 20 } },
  }).blur(1.2)

const KINDS: (() => Promise<Buffer>)[] = [
  () => noise(4000, 3000).jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toBuffer(),
  () =>
    noise(4000, 3000)
      .jpeg({ quality: 85 })
      .withExif({ IFD0: { Make: 'Telephone' } })
      .toBuffer(),
  () => noise(3000, 2000).jpeg({ quality: 85, progressive: true }).withMetadata({ orientation: 3 }).toBuffer(),
  () => noise(2000, 1500).withIccProfile('p3').png().toBuffer(),
  () => noise(2000, 1000).webp({ quality: 80 }).withMetadata({ orientation: 8 }).toBuffer(),
  () => noise(1200, 800).avif({ quality: 60, effort: 0 }).toBuffer(),
  () => noise(1600, 1200).tiff({ compression: 'lzw' }).toBuffer(),
  async () => {
    const frames = await Promise.all(Array.from({ length: 8 }, () => noise(320, 240).png().toBuffer()))
    return sharp(frames, { join: { animated: true } })
      .gif({ effort: 1 })
      .toBuffer()
  },
]
