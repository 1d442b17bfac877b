import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FOLDER_MODE } from './file-modes.ts'

/** Makes a folder and those above it. Syncs what each new one hangs in, or a power cut takes it and all that was promised inside. */
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
