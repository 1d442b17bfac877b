import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import type { Context, Scenario } from '../context.ts'
import { type Sample, withCpu } from '../measure.ts'
import { memoryMiB } from '../processes.ts'
import type { Target } from '../targets.ts'

const PHOTOS = 50
const PHOTOS_IN_QUICK_RUN = 6
const WIDTH = 4000
const HEIGHT = 3000
const QUALITY = 90
/** Lies on its side, as a phone held upright takes it. */
const ORIENTATION = 6
const CONNECTIONS = 8
const SETTLE_MS = 2_000

export const images: Scenario = {
  name: 'images',
  about:
    'photos of 12 megapixels that have to be turned, beside sharp alone in this process; small downloads while they are worked on; memory afterwards',
  async run(context) {
    const photo = await makePhoto(context.newPath('photo.jpg'))
    const count = context.sizes.archives[0]?.files === 100 ? PHOTOS : PHOTOS_IN_QUICK_RUN
    await context.withTargets(['mayfly'], async ([mayfly]) => {
      if (!mayfly) return
      await throughput(context, mayfly, photo, count)
      await downloadsMeanwhile(context, mayfly, photo, count)
      await memoryAfterwards(context, mayfly)
    })
  },
}

function throughput({ compare, newPath, rounds }: Context, mayfly: Target, photo: string, count: number) {
  const contenders = [
    { target: 'mayfly', run: () => measured(mayfly.pid, count, () => sendAll(mayfly, photo, count)) },
    { target: 'node', run: () => measured(process.pid, count, () => turnAll(photo, count, newPath('turned'))) },
  ]
  const goals = [{ against: 'node', atLeast: 0.9 }]
  const comparison = { name: 'turned photos', unit: 'photos/s', cpuUnit: 'ms each', contenders, goals }
  return compare(comparison, { rounds: Math.min(rounds, 3), warmUp: false })
}

async function measured(pid: number, count: number, work: () => Promise<void>): Promise<Sample> {
  const startedAt = performance.now()
  const { cpu } = await withCpu(pid, work)
  return { value: (count / (performance.now() - startedAt)) * 1000, cpu: (cpu / count) * 1000 }
}

/** Latency of other requests, with and without photos being processed. */
async function downloadsMeanwhile(context: Context, mayfly: Target, photo: string, count: number): Promise<void> {
  const { source, load, compare, sizes, rounds } = context
  const file = await source(1024)
  const seed = { kind: 'upload', style: 'form', port: mayfly.port, connections: 4, source: file, requests: 50 } as const
  const { paths } = await load(seed)
  const where = { port: mayfly.port, connections: CONNECTIONS, source: file, paths }
  const read = async (): Promise<Sample> => {
    const { requests, seconds, p99 } = await load({ kind: 'files', durationMs: 3 * sizes.durationMs, ...where })
    return p99 === undefined ? { value: requests / seconds } : { value: requests / seconds, p99 }
  }
  const readMeanwhile = async (): Promise<Sample> => {
    const sending = sendAll(mayfly, photo, count)
    const sample = await read()
    await sending
    return sample
  }
  const contenders = [
    { target: 'mayfly', run: readMeanwhile },
    { target: 'mayfly, idle', run: read },
  ]
  const comparison = { name: `1 KiB, ${CONNECTIONS}, while ${count} photos come in`, unit: 'files/s', contenders }
  await compare(comparison, { rounds: Math.min(rounds, 3), warmUp: false })
}

/** What has been freed goes back to the system. */
function memoryAfterwards({ compare }: Context, { pid }: Target) {
  const run = async () => {
    await sleep(SETTLE_MS)
    return { value: memoryMiB(pid).now }
  }
  const contenders = [{ target: 'mayfly' as const, run }]
  const comparison = { name: 'memory afterwards', unit: 'MiB', contenders, goals: [{ atMost: 300 }] }
  return compare(comparison, { rounds: 1, warmUp: false })
}

/** Noise on a gradient, which takes JPEG about as long as a photo does. */
async function makePhoto(path: string): Promise<string> {
  const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const
  await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#888', noise } })
    .blur(1.2)
    .jpeg({ quality: QUALITY })
    .withMetadata({ orientation: ORIENTATION })
    .toFile(path)
  return path
}

async function sendAll({ port }: Target, photo: string, count: number): Promise<void> {
  const body = await readFile(photo)
  await byHands(count, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/photo.jpg`, {
      method: 'PUT',
      body,
      headers: { Accept: 'application/json' },
    })
    const { files } = (await response.json()) as { files: { image?: { status: string; dimensions: number[] } }[] }
    const [width] = files[0]?.image?.dimensions ?? []
    if (files[0]?.image?.status !== 'normalised' || width !== HEIGHT) throw new Error('the photo was not turned')
  })
}

function turnAll(photo: string, count: number, output: string): Promise<void> {
  sharp.concurrency(1)
  return byHands(count, async (index) => {
    const { width } = await sharp(photo).autoOrient().jpeg({ quality: QUALITY }).toFile(`${output}-${index}.jpg`)
    if (width !== HEIGHT) throw new Error('the photo was not turned')
  })
}

/** One per processor, as in Mayfly. */
async function byHands(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const hand = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, hand))
}
