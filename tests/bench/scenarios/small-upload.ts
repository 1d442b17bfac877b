import type { Scenario } from '../context.ts'
import { dropLargeFiles } from '../files.ts'
import type { Goal, Sample } from '../measure.ts'

const KIB = 1024

const CASES = [
  { name: '1 KiB, 1 at a time', bytes: KIB, connections: 1, goals: besidePlik(1, 2) },
  { name: '1 KiB, 32', bytes: KIB, connections: 32, goals: besidePlik(5, 8) },
  { name: '1 KiB, 128', bytes: KIB, connections: 128, goals: besidePlik(8, 12) },
  { name: '100 KiB, 32', bytes: 100 * KIB, connections: 32, goals: besidePlik(3, 4) },
  { name: '4 MiB, 8', bytes: 4 * KIB * KIB, connections: 8, goals: besidePlik(1.3, 2) },
]

/** Plik syncs as much as `DURABILITY=process` does. */
function besidePlik(full: number, process: number): Goal[] {
  return [
    { against: 'plikd', atLeast: full },
    { of: 'mayfly-process', against: 'plikd', atLeast: process },
  ]
}

export const smallUpload: Scenario = {
  name: 'small-upload',
  about: 'quick uploads by form, one file each, durable before the answer; 64 of each round read back and compared',
  async run({ source, compare, withTargets, measureRequests, sizes }) {
    await withTargets(['mayfly', 'mayfly-process', 'mayfly-workers', 'node', 'plikd'], async (targets) => {
      for (const { name, bytes, connections, goals } of CASES) {
        const file = await source(bytes)
        const job = { kind: 'upload', style: 'form', connections, source: file, durationMs: sizes.durationMs } as const
        const contenders = targets.map((target) => ({
          target: target.name,
          async run(): Promise<Sample> {
            const sample = await measureRequests(target, { ...job, port: target.port })
            if (bytes > KIB * KIB) dropLargeFiles(target.folder)
            return sample
          },
        }))
        await compare({ name, unit: 'uploads/s', cpuUnit: 'µs each', contenders, goals })
      }
    })
  },
}
