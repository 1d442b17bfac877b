import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, openAsBlob } from 'node:fs'
import { type FileHandle, open as openFile, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Context, Scenario } from '../context.ts'
import { digestOfFile, open, writeRandomFile } from '../files.ts'
import { type Sample, withCpu } from '../measure.ts'
import type { Target } from '../targets.ts'
import { measure, upload } from './big-download.ts'

/** So many files differ; the others repeat them in turn. */
const DISTINCT = 7

export const archive: Scenario = {
  name: 'archive',
  about: 'an upload as a zip, beside the same bytes as a plain file; each entry compared by SHA-256, then samples',
  async run(context) {
    for (const { files, bytes } of context.sizes.archives) {
      const settings = { MAX_FILES_PER_UPLOAD: `${files}` }
      await context.withTargets(
        ['mayfly', 'node', 'nginx', 'plikd'],
        (targets) => compareArchive(context, targets, files, bytes),
        settings,
      )
    }
  },
}

async function compareArchive({ newPath, load, compare }: Context, targets: Target[], files: number, bytes: number) {
  const sources = await Promise.all(
    Array.from({ length: Math.min(DISTINCT, files) }, () => writeRandomFile(newPath('entry'), bytes)),
  )
  const [mayfly, ...others] = targets as [Target, ...Target[]]
  const path = await uploadAll(mayfly, sources, files)
  const zip = newPath('all.zip')
  await pipeline(await open(mayfly.port, path), createWriteStream(zip))
  await assertHolds(zip, sources, files)
  const digest = await digestOfFile(zip)
  const served = [{ target: mayfly, path }]
  for (const target of others.filter(({ name }) => name !== 'plikd')) served.push(await upload(target, zip, digest))
  const { size } = await stat(zip)
  await compare({
    name: `${files} × ${bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`}`,
    unit: 'MiB/s',
    cpuUnit: 's/GiB',
    contenders: [
      ...served.map((given) => ({ target: given.target.name, run: () => measure(load, given, zip, 1, size) })),
      ...(await Promise.all(
        others.filter(({ name }) => name === 'plikd').map((plikd) => plikContender(plikd, sources, files, size)),
      )),
    ],
    goals: [{ against: 'plikd', atLeast: 5 }],
  })
}

/** One form with all files; returns the path of their archive. */
async function uploadAll({ port }: Target, sources: string[], files: number): Promise<string> {
  const parts = Array.from({ length: files }, (_, index) => [
    '-F',
    `file=@${sources[index % sources.length]};filename=${index}.bin`,
  ])
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-f', ...parts.flat(), `http://127.0.0.1:${port}/`], {
    maxBuffer: 1e8,
  })
  const [, , uploadId] = new URL(stdout.split('\n')[0] ?? '').pathname.split('/')
  return `/archive/${uploadId}/all.zip`
}

/** Plik compresses: its archive has another length, which it does not tell, and is read by curl. `size`: that of ours. */
async function plikContender(target: Target, sources: string[], files: number, size: number) {
  const path = await uploadAllToPlik(target, sources, files)
  const url = `http://127.0.0.1:${target.port}${path}`
  async function run(): Promise<Sample> {
    const read = () => promisify(execFile)('curl', ['-sS', '-f', '-o', '/dev/null', '-w', '%{time_total}', url])
    const { done, cpu } = await withCpu(target.pid, read)
    return { value: size / 2 ** 20 / Number(done.stdout), cpu: cpu / (size / 2 ** 30) }
  }
  return { target: target.name, run }
}

/** A quick upload of Plik takes one file: here each is added by a request of its own. */
async function uploadAllToPlik({ port }: Target, sources: string[], files: number): Promise<string> {
  const url = `http://127.0.0.1:${port}`
  const created = await fetch(`${url}/upload`, { method: 'POST', body: '{}' })
  const { id, uploadToken } = (await created.json()) as { id: string; uploadToken: string }
  const blobs = await Promise.all(sources.map((source) => openAsBlob(source)))
  for (let index = 0; index < files; index++) {
    const body = new FormData()
    body.set('file', blobs[index % blobs.length] as Blob, `${index}.bin`)
    const answer = await fetch(`${url}/file/${id}`, { method: 'POST', headers: { 'X-UploadToken': uploadToken }, body })
    if (!answer.ok) throw new Error(`plikd: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  return `/archive/${id}/all.zip`
}

const END_BYTES = 22

/** Reads a zip of stored entries below 4 GiB from its directory on, as unzip does. */
async function assertHolds(zip: string, sources: string[], files: number): Promise<void> {
  const digests = await Promise.all(sources.map(digestOfFile))
  const handle = await openFile(zip)
  const end = await part(handle, (await handle.stat()).size - END_BYTES, END_BYTES)
  const directory = await part(handle, end.readUInt32LE(16), end.readUInt32LE(12))
  if (end.readUInt16LE(10) !== files) throw new Error(`the archive has ${end.readUInt16LE(10)} entries`)
  let position = 0
  for (let count = 0; count < files; count++) {
    const nameLength = directory.readUInt16LE(position + 28)
    const name = directory.toString('utf8', position + 46, position + 46 + nameLength)
    const content = await entry(handle, directory.readUInt32LE(position + 42), directory.readUInt32LE(position + 24))
    const digest = createHash('sha256').update(content).digest('hex')
    if (digest !== digests[Number.parseInt(name, 10) % sources.length])
      throw new Error(`${name} in the archive is wrong`)
    position += 46 + nameLength + directory.readUInt16LE(position + 30) + directory.readUInt16LE(position + 32)
  }
  await handle.close()
}

async function entry(handle: FileHandle, offset: number, size: number): Promise<Buffer> {
  const header = await part(handle, offset, 30)
  return part(handle, offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), size)
}

async function part(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead !== length) throw new Error('the archive is too short')
  return buffer
}
