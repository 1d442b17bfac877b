import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { OPERATOR } from './accounts/caller.ts'
import { AppError } from './errors.ts'
import { formatSize } from './format-size.ts'
import { everyRow } from './paging.ts'
import { table } from './table.ts'
import type { StoredFile, Upload } from './uploads/upload.ts'
import { fileJson } from './uploads/upload-shapes.ts'
import type { Uploads } from './uploads/uploads.ts'
import type { UploadsListing } from './uploads/uploads-listing.ts'

/** `mayfly file …`, with the flags of Plik's server. */

export const FILES_USAGE = `  file list [--upload ID] [--file ID] [--human=false]   what is here; sizes in bytes when not for humans
  file show --file ID               all that is known of a file, and where it is had from
  file delete --file ID | --upload ID | --all [--yes]   take away a file, an upload, or everything`

interface Command {
  uploads: Uploads
  listing: UploadsListing
  /** Where files are had from, without a slash at the end. */
  baseUrl: string
  asJson: boolean
  print: (text: string) => void
}

const OPTIONS = {
  upload: { type: 'string' },
  file: { type: 'string' },
  all: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  human: { type: 'string', default: 'true' },
} as const

/** Returns the exit code; undefined: not understood. */
export async function filesCommand(args: string[], command: Command): Promise<number | undefined> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS })
  const [verb = 'list', ...rest] = positionals
  if (rest.length > 0) return undefined
  if (verb === 'list') return list(command, values, values.human !== 'false')
  if (verb === 'show' && values.file !== undefined) return show(command, values.file)
  if (verb === 'delete') return remove(command, values)
  return undefined
}

interface Selection {
  file?: string | undefined
  upload?: string | undefined
  all?: boolean | undefined
  yes?: boolean | undefined
}

interface Entry {
  upload: Upload
  file: StoredFile
}

async function list(command: Command, selection: Selection, forHumans: boolean): Promise<number> {
  const entries = await select(command, selection)
  const sizeText = forHumans ? formatSize : String
  if (command.asJson) command.print(`${JSON.stringify(entries.map((entry) => entryJson(command, entry)))}\n`)
  else command.print(table(['UPLOAD', 'FILE', 'STATUS', 'SIZE', 'CREATED', 'NAME'], entries.map(rowOf(sizeText))))
  return 0
}

async function select({ uploads, listing }: Command, { file, upload }: Selection): Promise<Entry[]> {
  if (file !== undefined) {
    const found = await uploads.openFile(file, OPERATOR)
    return [{ upload: found.opened.upload, file: found.file }]
  }
  if (upload !== undefined) {
    const opened = await uploads.open(upload, OPERATOR)
    return (await uploads.listFiles(opened)).map((one) => ({ upload: opened.upload, file: one }))
  }
  const all = await Array.fromAsync(everyRow((paging) => listing.list({}, paging)))
  return all.flatMap(({ upload: owner, files }) => files.map((one) => ({ upload: owner, file: one })))
}

const rowOf =
  (sizeText: (bytes: number) => string) =>
  ({ upload, file }: Entry): string[] => [
    upload.id,
    file.id,
    file.status,
    sizeText(file.size),
    new Date(file.createdAt).toISOString().slice(0, 16),
    file.name,
  ]

const entryJson = ({ baseUrl }: Command, { upload, file }: Entry) => ({
  upload: upload.id,
  ...(upload.userId === null ? {} : { user: upload.userId }),
  ...fileJson(file),
  sha256: file.sha256,
  url: `${baseUrl}/file/${upload.id}/${file.id}/${encodeURIComponent(file.name)}`,
})

async function show(command: Command, id: string): Promise<number> {
  const [entry] = await select(command, { file: id })
  if (!entry) return 1
  const json = entryJson(command, entry)
  if (command.asJson) command.print(`${JSON.stringify(json)}\n`)
  else
    command.print(
      table(
        ['FIELD', 'VALUE'],
        Object.entries(json).map(([field, value]) => [field, textOf(value)]),
      ),
    )
  return 0
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

async function remove(command: Command, { file, upload, all, yes }: Selection): Promise<number> {
  if ([file, upload, all].filter((one) => one !== undefined).length !== 1)
    throw new AppError('bad_request', 'file delete needs one of --file, --upload and --all')
  if (file !== undefined) return removeFile(command, file)
  if (upload !== undefined) return removeUpload(command, upload)
  if (!yes && !(await confirm('This deletes every upload. Are you sure? [y/N] '))) return 1
  command.print(`${await command.uploads.removeAll({})} uploads removed\n`)
  return 0
}

async function removeUpload({ uploads }: Command, id: string): Promise<number> {
  await uploads.remove(await uploads.open(id, OPERATOR))
  return 0
}

async function removeFile({ uploads }: Command, id: string): Promise<number> {
  const { opened, file } = await uploads.openFile(id, OPERATOR)
  await uploads.removeFile(opened, file)
  return 0
}

/** Silence is a no. */
async function confirm(question: string): Promise<boolean> {
  process.stderr.write(question)
  for await (const answer of createInterface({ input: process.stdin })) return /^y(es)?$/i.test(answer.trim())
  return false
}
