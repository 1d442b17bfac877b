import type { Context, Scenario } from '../context.ts'
import { dropLargeFiles } from '../files.ts'
import { type Sample, withCpu } from '../measure.ts'
import type { Target } from '../targets.ts'

const KIB = 1024

const CASES = [
  { name: '1 KiB, 1 at a time', bytes: KIB, connections: 1, goal: 1.5 },
  { name: '1 KiB, 32', bytes: KIB, connections: 32, goal: 8 },
  { name: '1 KiB, 128', bytes: KIB, connections: 128, goal: 12 },
  { name: '100 KiB, 32', bytes: 100 * KIB, connections: 32, goal: 2 },
  { name: '4 MiB, 8', bytes: 4 * KIB * KIB, connections: 8, goal: 1.2 },
]

export const smallUpload: Scenario = {
  name: 'small-upload',
  about: 'quick uploads by form, one file each, durable before the answer; 64 of each round read back and compared',
  async run(context) {
    const { source, compare, withTargets, load, sizes } = context
    await withTargets(['mayfly', 'mayfly-process', 'node', 'plikd'], async (targets) => {
      for (const { name, bytes, connections, goal } of CASES) {
        const file = await source(bytes)
        const job = { kind: 'upload', style: 'form', connections, source: file, durationMs: sizes.durationMs } as const
        const run = (target: Target) => () => measure((port) => load({ ...job, port }), target, bytes)
        await compare({
          name,
          unit: 'uploads/s',
          cpuUnit: 'µs each',
          contenders: targets.map((target) => ({ target: target.name, run: run(target) })),
          goals: [{ against: 'plikd', atLeast: goal }],
        })
      }
    })
  },
}

async function measure(
  run: (port: number) => ReturnType<Context['load']>,
  target: Target,
  bytes: number,
): Promise<Sample> {
  const { done, cpu } = await withCpu(target.pid, () => run(target.port))
  if (bytes > KIB * KIB) dropLargeFiles(target.folder)
  return { value: done.requests / done.seconds, cpu: (cpu / done.requests) * 1e6, p99: done.p99 }
}
