import { execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { get } from 'node:http'
import type { Readable } from 'node:stream'

const BLOCK_BYTES = 4 * 1024 * 1024

/** A new block each time, so that no two parts of the file are alike. */
export async function writeRandomFile(path: string, bytes: number): Promise<string> {
  const fd = openSync(path, 'wx')
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, bytes))
  for (let written = 0; written < bytes; )
    written += writeSync(fd, randomFillSync(block), 0, Math.min(block.length, bytes - written))
  closeSync(fd)
  return path
}

export async function digestOf(bytes: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export const digestOfFile = (path: string): Promise<string> =>
  digestOf(createReadStream(path, { highWaterMark: 1024 * 1024 }))

/** Throws unless the file at `path` of a server is, by its SHA-256, the one that was sent. */
export async function assertServes(port: number, path: string, digest: string): Promise<void> {
  const found = await digestOf(await open(port, path))
  if (found !== digest) throw new Error(`${path} is not what was uploaded`)
}

/** The body of an answer with status 200. */
export function open(port: number, path: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      if (response.statusCode === 200) resolve(response)
      else reject(new Error(`${path}: status ${response.statusCode}`))
    }).on('error', reject)
  })
}

/**
 * Takes large files out of a server's folder, behind its back, and waits until the disk is at rest: what one contender
 * wrote must not be written back at the expense of the next.
 */
export function dropLargeFiles(folder: string): void {
  // The server may delete an upload that was cut short, or Plik a folder, meanwhile: find reads past that.
  execFileSync('find', [folder, '-ignore_readdir_race', '-type', 'f', '-size', '+1M', '!', '-name', '*.db*', '-delete'])
  execFileSync('sync')
}
