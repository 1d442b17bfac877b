import { closeSync, ftruncateSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Scenario } from '../context.ts'
import { assertServes, digestOfFile } from '../files.ts'
import { forgetPeak, memoryMiB } from '../processes.ts'
import type { Target } from '../targets.ts'
import { curl } from './big-upload.ts'

const SETTLE_MS = 2_000
/** A growth above this means that memory depends on the size of a file. */
const MAX_GROWTH_MIB = 150
const SLOW_TRANSFERS = 200
const SLOW_BYTES = 2 * 1024 * 1024
const SLOW_MS = 8_000
const AFTER_SLOW_MIB = 60

export const memory: Scenario = {
  name: 'memory',
  about: 'how far the memory of the server grows while a huge file goes up and down, and what stalled readers hold',
  async run(context) {
    const { sizes, source, newPath, compare, withTargets, load } = context
    const file = newPath('sparse')
    const fd = openSync(file, 'wx')
    ftruncateSync(fd, sizes.memoryBytes)
    closeSync(fd)
    const digest = await digestOfFile(file)
    await withTargets(['mayfly', 'node', 'plikd'], async (targets) => {
      const paths = new Map<Target, string>()
      const slowFile = await source(SLOW_BYTES)
      const phases = {
        [`${SLOW_TRANSFERS} slow uploads and downloads, kept`]: (target: Target) =>
          keptAfterSlow(context, target, slowFile),
        'growth, upload': (target: Target) =>
          growth(target, async () => void paths.set(target, await up(target, file, digest))),
        'growth, download': (target: Target) => growth(target, () => down(load, target, paths.get(target) ?? '', file)),
        [`${sizes.stalledReaders} stalled readers`]: (target: Target) =>
          stalled(context, target, paths.get(target) ?? ''),
      }
      const limits = [AFTER_SLOW_MIB, MAX_GROWTH_MIB, MAX_GROWTH_MIB, 200]
      for (const [index, [name, measure]] of Object.entries(phases).entries()) {
        const contenders = targets.map((target) => ({
          target: target.name,
          run: async () => ({ value: await measure(target) }),
        }))
        const goals = [{ atMost: limits[index] ?? 0 }]
        await compare({ name, unit: 'MiB', contenders, goals }, { rounds: 1, warmUp: false })
      }
    })
  },
}

/** MiB above what the server had before them, some seconds later. */
async function keptAfterSlow({ load }: Context, target: Target, source: string): Promise<number> {
  const { path } = await curl(target, 'form', source)
  await sleep(SETTLE_MS)
  const before = memoryMiB(target.pid).now
  const job = { port: target.port, connections: SLOW_TRANSFERS, source, path, durationMs: SLOW_MS }
  await load({ kind: 'slow', ...job })
  await sleep(5 * SETTLE_MS)
  return memoryMiB(target.pid).now - before
}

/** MiB by which the peak during `work` lies above what the process had before. */
async function growth({ pid }: Target, work: () => Promise<void>): Promise<number> {
  await sleep(SETTLE_MS)
  forgetPeak(pid)
  const before = memoryMiB(pid).now
  await work()
  return memoryMiB(pid).peak - before
}

async function up(target: Target, file: string, digest: string): Promise<string> {
  const { path } = await curl(target, 'form', file)
  await assertServes(target.port, path, digest)
  return path
}

async function down(load: Context['load'], { port }: Target, path: string, source: string): Promise<void> {
  await load({ kind: 'whole', port, path, source, connections: 1 })
}

/** All that the process has while they hang on, not the growth. */
async function stalled({ load, sizes }: Context, { pid, port }: Target, path: string): Promise<number> {
  forgetPeak(pid)
  await load({ kind: 'stall', port, path, connections: sizes.stalledReaders })
  await sleep(SETTLE_MS)
  const { peak } = memoryMiB(pid)
  await load({ kind: 'release' })
  return peak
}
