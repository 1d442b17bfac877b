import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Context, Scenario } from '../context.ts'
import { assertServes, digestOfFile, dropLargeFiles } from '../files.ts'
import { type Sample, withCpu } from '../measure.ts'
import type { Target } from '../targets.ts'
import { curl } from './big-upload.ts'

const MIB = 1024 * 1024
const PIECE_BYTES = 50 * MIB
const TUS = ['-H', 'Tus-Resumable: 1.0.0', '-H', 'Content-Type: application/offset+octet-stream']

type Send = (target: Target, file: string, bytes: number) => Promise<{ seconds: number; path: string }>

export const resumable: Scenario = {
  name: 'resumable',
  about: 'one large file by tus, and by a PUT that can be resumed, beside a PUT that can not (`put`)',
  run: ({ sizes, source, compare, withTargets }) =>
    withTargets(['mayfly'], async ([target]) => {
      if (!target) return
      const file = await source(sizes.bigBytes)
      const digest = await digestOfFile(file)
      const ways: Record<string, Send> = {
        'tus, one piece': tus,
        'tus, pieces of 50 MiB': tusInPieces,
        'PUT by curl': put,
      }
      for (const [name, send] of Object.entries(ways)) {
        const contender = (who: string, how: Send) => ({
          target: who,
          run: () => measure(target, how, file, digest, sizes),
        })
        await compare(
          {
            name,
            unit: 'MiB/s',
            cpuUnit: 's/GiB',
            contenders: [contender('mayfly', send), contender('put', plainPut)],
            goals: [{ against: 'put', atLeast: 0.75 }],
          },
          { warmUp: false },
        )
      }
    }),
}

async function measure(
  target: Target,
  send: Send,
  file: string,
  digest: string,
  sizes: Context['sizes'],
): Promise<Sample> {
  const { done, cpu } = await withCpu(target.pid, () => send(target, file, sizes.bigBytes))
  await assertServes(target.port, done.path, digest)
  dropLargeFiles(target.folder)
  const gib = sizes.bigBytes / 1024 ** 3
  return { value: (gib * 1024) / done.seconds, cpu: cpu / gib }
}

const put: Send = (target, file) => curl(target, 'put', file)

/** This client could not find out where to continue. */
const plainPut: Send = (target, file) => curl(target, 'put', file, ['-A', 'bench'])

const tus: Send = (target, file, bytes) => sendByTus(target, file, bytes, bytes)

const tusInPieces: Send = (target, file, bytes) => sendByTus(target, file, bytes, PIECE_BYTES)

/** curl sends the pieces, as it does in the other ways; what the shell takes to cut them out is in the time, too. */
async function sendByTus({ port }: Target, file: string, bytes: number, pieceBytes: number) {
  const startedAt = performance.now()
  const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': `${bytes}` }
  const created = await fetch(`http://127.0.0.1:${port}/tus`, { method: 'POST', headers })
  const url = new URL(created.headers.get('location') ?? '', created.url).href
  for (let offset = 0; offset < bytes; offset += pieceBytes) {
    const length = Math.min(pieceBytes, bytes - offset)
    const piece =
      length === bytes
        ? `< '${file}'`
        : `< <(dd if='${file}' iflag=skip_bytes,count_bytes skip=${offset} count=${length} bs=1M status=none)`
    const headers = [...TUS, '-H', `Upload-Offset: ${offset}`, '-H', `Content-Length: ${length}`].map(
      (word) => `'${word}'`,
    )
    await promisify(execFile)('bash', [
      '-c',
      `curl -sS -f -X PATCH ${headers.join(' ')} -H 'Transfer-Encoding:' -H 'Expect:' -T - '${url}' ${piece}`,
    ])
  }
  const path = new URL(created.headers.get('x-mayfly-link') ?? '').pathname
  return { seconds: (performance.now() - startedAt) / 1000, path }
}
