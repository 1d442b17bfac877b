import type { Cleaned } from './cleaned.ts'

/** Files chosen in a field, dropped, or pasted; folders with all their files. */

export interface ChosenFile {
  /** Unique, also among files of earlier visits. */
  key: string
  /** Includes the folders: `photos/2026/a.jpg`. */
  path: string
  bytes: File
  /** Sent instead of the file, if the page has cleaned it. */
  cleaned?: Cleaned
}

/** The bytes that are sent. */
export const sentBytes = ({ bytes, cleaned }: ChosenFile): Blob => cleaned?.bytes ?? bytes

const load = crypto.getRandomValues(new Uint32Array(2)).join('-')
let count = 0

export const chosen = (bytes: File, path = bytes.webkitRelativePath || bytes.name): ChosenFile => ({
  key: `${load}-${++count}`,
  path,
  bytes,
})

/** Joins two lists without duplicates: users sometimes choose the same file twice. */
export function joined(before: readonly ChosenFile[], added: readonly ChosenFile[]): ChosenFile[] {
  const first = new Map<string, ChosenFile>()
  for (const file of [...before, ...added]) {
    const sight = [file.path, file.bytes.size, file.bytes.lastModified].join('\n')
    if (!first.has(sight)) first.set(sight, file)
  }
  return [...first.values()]
}

/** Returns dropped files. Must be called during the event: browsers clear the list afterwards. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<ChosenFile[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (entries.length === 0) return [...files].map((file) => chosen(file))
  return (await Promise.all(entries.map(filesIn))).flat()
}

async function filesIn(entry: FileSystemEntry): Promise<ChosenFile[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    return [chosen(file, entry.fullPath.replace(/^\//, ''))]
  }
  const children = await readAll((entry as FileSystemDirectoryEntry).createReader())
  return (await Promise.all(children.map(filesIn))).flat()
}

/** A reader returns at most a hundred entries at a time, and none at the end. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
  return batch.length === 0 ? [] : [...batch, ...(await readAll(reader))]
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile

/** Pasted images are all called `image.png`; a timestamp makes their names unique. */
export function pastedFiles({ files }: DataTransfer, now: Date): ChosenFile[] {
  return [...files].map((file) => {
    const isUnnamed = /^image\.\w+$/.test(file.name)
    return chosen(file, isUnnamed ? file.name.replace('image', `pasted ${stamp(now)}`) : file.name)
  })
}

export const writtenText = (text: string, now: Date): ChosenFile =>
  chosen(new File([text], `text ${stamp(now)}.txt`, { type: 'text/plain' }))

/** `2026-11-23 17.05.09`, which is valid on every file system. */
const stamp = (now: Date): string => {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-')
  return `${day} ${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.')}`
}
