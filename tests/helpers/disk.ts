import { execFileSync } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './database.ts'

/** Only root may mount a file system. */
export const isRoot = process.getuid?.() === 0

/** A file system of its own, gone with the test. `options`: of `mount`. */
export function givenDisk(options: string): string {
  const folder = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return folder
}

/** Takes all the space but `left` bytes; returns how to give it back. */
export function fill(folder: string, left = 0): () => void {
  const ballast = join(folder, 'ballast')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(ballast, new Uint8Array(bavail * bsize - left))
  return () => rmSync(ballast)
}
