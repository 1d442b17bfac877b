import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FOLDER_MODE } from './file-modes.ts'

/**
 * Creates a folder and its parents. Syncs the parent of each new folder, because a power cut could otherwise lose it with its
 * content.
 */
export function makeFolders(path: string): void {
  const wanted = resolve(path)
  const first = fs.mkdirSync(wanted, { recursive: true, mode: FOLDER_MODE })
  if (first === undefined) return
  for (let made = wanted; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made))
}

function syncFolder(path: string): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
