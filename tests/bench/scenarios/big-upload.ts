import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Context, Scenario } from '../context.ts'
import { assertServes, digestOfFile, dropLargeFiles } from '../files.ts'
import { type Sample, withCpu } from '../measure.ts'
import { type Target, takesForms, takesPuts } from '../targets.ts'

/** The second is the first by way of what such a Node server reached beside Plik: 1.5 times its throughput. */
const GOALS = [
  { against: 'plikd', atLeast: 1.2 },
  { against: 'node', atLeast: 0.8 },
]

export const bigUpload: Scenario = {
  name: 'big-upload',
  about: 'one large file by curl, as a form and as a raw body; read back and compared by SHA-256',
  run: ({ sizes, source, compare, withTargets }) =>
    withTargets(['mayfly', 'node', 'nginx', 'plikd'], async (targets) => {
      const file = await source(sizes.bigBytes)
      const digest = await digestOfFile(file)
      for (const style of ['form', 'put'] as const) {
        const able = targets.filter(({ name }) => (style === 'form' ? takesForms(name) : takesPuts(name)))
        await compare(
          {
            name: style,
            unit: 'MiB/s',
            cpuUnit: 's/GiB',
            contenders: able.map((target) => ({
              target: target.name,
              run: () => measure(target, style, file, digest, sizes),
            })),
            goals: style === 'form' ? GOALS : [],
          },
          { warmUp: false },
        )
      }
    }),
}

async function measure(
  target: Target,
  style: 'form' | 'put',
  file: string,
  digest: string,
  sizes: Context['sizes'],
): Promise<Sample> {
  const { done, cpu } = await withCpu(target.pid, () => curl(target, style, file))
  await assertServes(target.port, done.path, digest)
  dropLargeFiles(target.folder)
  const gib = sizes.bigBytes / 1024 ** 3
  return { value: (gib * 1024) / done.seconds, cpu: cpu / gib }
}

export async function curl(
  { port }: Target,
  style: 'form' | 'put',
  file: string,
  options: string[] = [],
): Promise<{ seconds: number; path: string }> {
  const url = `http://127.0.0.1:${port}/`
  const what = style === 'form' ? ['-F', `file=@${file};filename=big.bin`, url] : ['-T', file, `${url}big.bin`]
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-f', ...options, ...what, '-w', '\n%{time_total}'])
  const lines = stdout.trim().split('\n')
  const link = lines.find((line) => line.startsWith('http'))
  return { seconds: Number(lines.at(-1)), path: link ? new URL(link).pathname : '/big.bin' }
}
