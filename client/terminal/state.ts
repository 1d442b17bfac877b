import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { UploadInfo } from '../src/upload-info.ts'
import { stateFolder } from './settings.ts'

/** State that is kept between runs, one file per entry. The files contain tokens and keys, so only the user can read them. */

/** A folder of stored values of one kind, each with a name. */
export interface Shelf<T> {
  read(name: string): Promise<T | undefined>
  write(name: string, value: T): Promise<void>
  remove(name: string): Promise<void>
  all(): Promise<T[]>
}

function shelf<T>(kind: string): Shelf<T> {
  const folder = () => join(stateFolder(), kind)
  const pathOf = (name: string) => join(folder(), `${name}.json`)

  const read = async (name: string): Promise<T | undefined> => {
    const text = await readFile(pathOf(name), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  /** Atomic: after a crash the old or the new file exists, complete. */
  async function write(name: string, value: T): Promise<void> {
    await mkdir(folder(), { recursive: true, mode: 0o700 })
    const fresh = `${pathOf(name)}.${process.pid}`
    await writeFile(fresh, JSON.stringify(value), { mode: 0o600, flush: true })
    await rename(fresh, pathOf(name))
  }

  async function all(): Promise<T[]> {
    const names = (await readdir(folder()).catch(() => [])).filter((name) => name.endsWith('.json'))
    const found = await Promise.all(names.map((name) => read(name.slice(0, -'.json'.length))))
    return found.filter((value) => value !== undefined)
  }

  return { read, write, remove: (name) => rm(pathOf(name), { force: true }), all }
}

/** A name derived from `facts`: different facts have different names. */
export const nameFor = (facts: unknown): string =>
  createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32)

/** Unfinished uploads, by the `nameFor` of their files and options. */
export const unfinished = shelf<import('../src/upload-state.ts').UploadState>('unfinished')

/** Saved files of an upload that is still being downloaded: paths by file id. */
export const received = shelf<Record<string, string>>('received')

/** An upload that was sent from this machine. */
export interface Sent {
  id: string
  link: string
  adminLink: string
  token: string
  files: { name: string; size: number }[]
  sentAt: string
  /** ISO 8601; null: never. */
  expiresAt: string | null
}

/** Sent uploads, by id. */
export const sent = shelf<Sent>('sent')

export async function rememberSent(upload: UploadInfo): Promise<void> {
  const { id, link, adminLink = link, token = '', files, expiresAt } = upload
  await sent.write(id, {
    id,
    link,
    adminLink,
    token,
    files: files.map(({ name, size }) => ({ name, size })),
    sentAt: new Date().toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
  })
}

/** Lists sent uploads, newest first, and deletes the records of expired ones. */
export async function listSent(): Promise<Sent[]> {
  const isOver = ({ expiresAt }: Sent) => expiresAt !== null && Date.parse(expiresAt) < Date.now()
  const all = await sent.all()
  for (const { id } of all.filter(isOver)) await sent.remove(id)
  return all.filter((one) => !isOver(one)).sort((one, other) => (one.sentAt < other.sentAt ? 1 : -1))
}
