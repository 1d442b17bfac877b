import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startProcess } from '../bench/processes.ts'
import { judge, type Treated, treat } from './judge.ts'

/**
 * `npm run corpus -- DIR` sends all images and videos of a folder and those in it through a server of its own, and judges what is
 * delivered by exiftool and ImageMagick: metadata, pixels, frames. Ends with 1 when something is wrong.
 */

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('Say which folder of images: npm run corpus -- DIR')
  process.exit(2)
}

const IMAGES = /\.(?:jpe?g|png|webp|avif|hei[cf]|gif|tiff?|jxl|dng|mov|mp4|m4v|3gp)$/i
/** Judged at a time, by one exiftool. */
const BATCH = 50

const work = mkdtempSync(join(tmpdir(), 'mayfly-corpus-'))
const port = String(await freePort())
const server = startProcess(process.execPath, ['server/dist/main.js'], {
  MAYFLY_DATA_DIR: join(work, 'data'),
  MAYFLY_PORT: port,
  MAYFLY_RATE_LIMIT: 'off',
})
const url = `http://127.0.0.1:${port}`

try {
  await untilReady()
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => IMAGES.test(path))
  const problems: string[] = []
  const counts = new Map<string, number>()
  for (let at = 0; at < paths.length; at += BATCH) {
    const batch = await treatAll(paths.slice(at, at + BATCH))
    problems.push(...judge(batch))
    for (const { report } of batch) {
      const outcome = report ? [report.status, report.reason].filter(Boolean).join(': ') : 'neither image nor video'
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
    console.log(`${Math.min(at + BATCH, paths.length)} of ${paths.length}, ${problems.length} problems`)
  }
  for (const [outcome, count] of counts) console.log(`${count} ${outcome}`)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
} finally {
  await server.stop()
  rmSync(work, { recursive: true })
}

async function treatAll(paths: string[]): Promise<Treated[]> {
  const after = mkdtempSync(join(work, 'after-'))
  const treated: Treated[] = []
  // Two images of the same name are in folders of their own.
  for (const path of paths)
    treated.push(await treat({ url }, join(folder as string, path), mkdtempSync(join(after, '1-'))))
  return treated
}

async function untilReady(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`${url}/ready`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`the server did not start: ${server.output()}`)
}
