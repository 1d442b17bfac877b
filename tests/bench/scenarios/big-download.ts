import type { Context, Scenario } from '../context.ts'
import { assertServes, digestOfFile } from '../files.ts'
import { type Sample, withCpu } from '../measure.ts'
import { type Target, takesForms } from '../targets.ts'
import { curl } from './big-upload.ts'

/** nginx reached 1.14 and 1.12 times what Plik did, hence the goals beside it. */
const CASES = [
  {
    connections: 1,
    goals: [
      { against: 'plikd', atLeast: 1 },
      { against: 'nginx', atLeast: 0.88 },
    ],
  },
  {
    connections: 8,
    goals: [
      { against: 'plikd', atLeast: 1.2 },
      { against: 'nginx', atLeast: 1.07 },
    ],
  },
]

export const bigDownload: Scenario = {
  name: 'big-download',
  about: 'one large file over 1 and 8 connections at once; length and samples of each piece compared, SHA-256 once',
  run: ({ sizes, source, compare, withTargets, load }) =>
    withTargets(['mayfly', 'node', 'nginx', 'plikd'], async (targets) => {
      const file = await source(sizes.bigBytes)
      const digest = await digestOfFile(file)
      const served = await Promise.all(targets.map((target) => upload(target, file, digest)))
      for (const { connections, goals } of CASES) {
        const run = (given: Served) => () => measure(load, given, file, connections, sizes.bigBytes)
        await compare(
          {
            name: `${connections} connection${connections === 1 ? '' : 's'}`,
            unit: 'MiB/s',
            cpuUnit: 's/GiB',
            contenders: served.map((given) => ({ target: given.target.name, run: run(given) })),
            goals,
          },
          { warmUp: false },
        )
      }
    }),
}

interface Served {
  target: Target
  path: string
}

export async function upload(target: Target, file: string, digest: string): Promise<Served> {
  const { path } = await curl(target, takesForms(target.name) ? 'form' : 'put', file)
  await assertServes(target.port, path, digest)
  return { target, path }
}

export async function measure(
  load: Context['load'],
  { target, path }: Served,
  source: string,
  connections: number,
  bytes: number,
): Promise<Sample> {
  const job = { kind: 'whole', port: target.port, connections, path, source } as const
  const { done, cpu } = await withCpu(target.pid, () => load(job))
  const gib = (connections * bytes) / 1024 ** 3
  return { value: (gib * 1024) / done.seconds, cpu: cpu / gib }
}
