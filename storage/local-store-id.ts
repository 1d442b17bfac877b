import fs from 'node:fs'
import { join } from 'node:path'
import { call, type Directory, ignore } from './file-calls.ts'
import { createFileWriter } from './file-writer.ts'

const NAME = 'store-id'

interface Target {
  /** Of the store. */
  directory: string
  /** Path of the file until it is complete: a unique name on the same file system. */
  temporaryPath: string
  root: Directory
}

/** Undefined when the store has none. */
export async function readStoreId(directory: string): Promise<string | undefined> {
  const text = await call<string>((done) => fs.readFile(join(directory, NAME), 'utf8', done)).catch(ignore('ENOENT'))
  return text?.trim()
}

/** Replaces the id with a rename, so that readers see either the old one or the new one. */
export async function writeStoreId(id: string, { directory, temporaryPath, root }: Target): Promise<void> {
  const writer = createFileWriter({ path: temporaryPath, position: 0 }, () => {})
  try {
    await writer.add(Buffer.from(`${id}\n`))
    await writer.finish('full')
    await call((done) => fs.rename(temporaryPath, join(directory, NAME), done))
    await root.sync()
  } catch (error) {
    await writer.discard()
    throw error
  }
}
