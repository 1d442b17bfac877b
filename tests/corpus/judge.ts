import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { addFile, createUpload } from '../helpers/client.ts'
import { personalTagsOf } from '../helpers/exiftool.ts'

/** What the server says that it did to an image or a video. */
interface Report {
  status: 'stripped' | 'normalised' | 'unchanged'
  reason?: string
  removed: string[]
}

export interface Treated {
  name: string
  before: string
  after: string
  /** Undefined: it is no image or video for the server. */
  report: Report | undefined
}

/** Sends a file through a server. What is delivered is written into `folder`, under its own name. */
export async function treat(server: { url: string }, path: string, folder: string): Promise<Treated> {
  const name = basename(path)
  const upload = await createUpload(server)
  const answer = await addFile(server, upload, new Uint8Array(readFileSync(path)), name)
  if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${await answer.text()}`)
  const file = (await answer.json()) as { id: string; image?: Report; media?: Report }
  const delivered = await fetch(`${server.url}/file/${upload.id}/${file.id}/${encodeURIComponent(name)}`)
  const after = join(folder, name)
  writeFileSync(after, new Uint8Array(await delivered.arrayBuffer()))
  return { name, before: path, after, report: file.image ?? file.media }
}

/** What is wrong, in a sentence for each: judged by exiftool and ImageMagick, which share no code with the server. */
export function judge(files: Treated[]): string[] {
  const tags = personalTagsOf(files.map(({ after }) => after))
  return files.flatMap((file) => [...metadataProblems(file, tags.get(file.after) ?? []), ...pixelProblems(file)])
}

function metadataProblems({ name, report }: Treated, tags: string[]): string[] {
  const isLeft = report === undefined || (report.status === 'unchanged' && report.reason !== undefined)
  return isLeft || tags.length === 0 ? [] : [`${name} is ${report.status} and still tells ${tags.join(', ')}`]
}

function pixelProblems({ name, before, after, report }: Treated): string[] {
  const isSame = readFileSync(before).equals(readFileSync(after))
  if (report === undefined || report.status === 'unchanged')
    return isSame ? [] : [`${name} is told to be as it came and is not`]
  const [was, is] = [framesOf(before), framesOf(after)]
  // ImageMagick can't decode everything that people have.
  if (was.length === 0) return []
  if (is.length !== was.length) return [`${name} has ${is.length} frames instead of ${was.length}`]
  const isExpected =
    report.status === 'stripped' ? String(is) === String(was) : String(sizes(is)) === String(sizes(was))
  return isExpected ? [] : [`${name} is ${report.status} and has other pixels`]
}

/** Width, height and a digest of the pixels of each frame, upright for formats that say how they are turned. */
function framesOf(path: string): string[] {
  if (/\.(?:mov|mp4|m4v|3gp)$/i.test(extname(path))) return []
  // One thread, since several take longer for small images than they save.
  const env = { ...process.env, OMP_NUM_THREADS: '1' }
  const { stdout, status } = spawnSync('identify', ['-quiet', '-format', '%w %h %#\n', path], { encoding: 'utf8', env })
  return status === 0 ? stdout.trim().split('\n') : []
}

/** Neither of them first, since an image may have been turned. */
const sizes = (frames: string[]): string[] => frames.map((frame) => frame.split(' ').slice(0, 2).sort().join(' '))
