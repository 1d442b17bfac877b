import type { Context, Scenario } from '../context.ts'
import { digestOfFile } from '../files.ts'
import type { Goal } from '../measure.ts'
import { type Target, takesForms } from '../targets.ts'
import type { SmallJob } from '../wrk.ts'
import { upload } from './big-download.ts'

const KIB = 1024
const CONNECTIONS = 32
const RANGE_BYTES = 64 * KIB

/** nginx reached 22 and 6.7 times what Plik did, hence the goals beside it. */
const CASES: Case[] = [
  {
    name: '1 KiB, 32',
    bytes: KIB,
    goals: [
      { against: 'plikd', atLeast: 5 },
      { against: 'nginx', atLeast: 0.23 },
    ],
  },
  {
    name: '100 KiB, 32',
    bytes: 100 * KIB,
    goals: [
      { against: 'plikd', atLeast: 2 },
      { against: 'nginx', atLeast: 0.27 },
    ],
  },
]

interface Case {
  name: string
  bytes: number
  goals: Goal[]
}

export const smallDownload: Scenario = {
  name: 'small-download',
  about: 'whole small files and random 64 KiB ranges over 32 connections; every byte, of ranges samples, compared',
  async run(context) {
    await context.withTargets(['mayfly', 'mayfly-workers', 'node', 'nginx', 'plikd'], async (targets) => {
      for (const one of CASES) await wholeFiles(context, targets, one)
      await randomRanges(context, targets)
    })
  },
}

async function wholeFiles(
  { source, load, measureRequests, compare, sizes }: Context,
  targets: Target[],
  { name, bytes, goals }: Case,
) {
  const file = await source(bytes)
  const contenders = []
  for (const target of targets) {
    const { port } = target
    const style = takesForms(target.name) ? 'form' : 'put'
    const seed = { kind: 'upload', style, port, connections: 16, source: file, requests: sizes.smallFiles } as const
    const { paths } = await load(seed)
    const job: SmallJob = {
      kind: 'files',
      port,
      connections: CONNECTIONS,
      source: file,
      paths,
      durationMs: sizes.durationMs,
    }
    contenders.push({ target: target.name, run: () => measureRequests(target, job) })
  }
  await compare({ name, unit: 'files/s', cpuUnit: 'µs each', contenders, goals })
}

/** Plik has no ranges. */
async function randomRanges({ source, measureRequests, compare, sizes }: Context, targets: Target[]) {
  const file = await source(sizes.rangesBytes)
  const digest = await digestOfFile(file)
  const contenders = []
  for (const target of targets.filter(({ name }) => name !== 'plikd')) {
    const { path } = await upload(target, file, digest)
    const where = { port: target.port, path, source: file, length: RANGE_BYTES }
    const job: SmallJob = { kind: 'ranges', connections: CONNECTIONS, durationMs: sizes.durationMs, ...where }
    contenders.push({ target: target.name, run: () => measureRequests(target, job) })
  }
  const goals = [{ against: 'nginx', atLeast: 0.4 }]
  await compare({ name: 'random 64 KiB, 32', unit: 'ranges/s', cpuUnit: 'µs each', contenders, goals })
}
