import { createInterface } from 'node:readline'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { OPERATOR } from '../accounts/caller.ts'
import { fileUrl } from '../http/links.ts'
import { formatSize } from '../lib/format-size.ts'
import { everyRow } from '../lib/paging.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import { fileJson } from '../uploads/upload-shapes.ts'
import { type Answer, type Runner, type Services, yesOrNo } from './command.ts'
import { table } from './table.ts'

/** `mayfly file …`, with the flags of Plik's server. */
export function addFileCommands(program: Command, { withServices }: Runner): void {
  const file = program.command('file').description('uploaded files')
  file
    .command('list', { isDefault: true })
    .description('list all files, those of an upload, or one (default)')
    .option('--upload <id>', 'files of this upload')
    .option('--file <id>', 'this file')
    .addOption(sha256())
    .addOption(human())
    .action(withServices(list))
  file
    .command('show')
    .description('show the metadata of a file and its download address')
    .requiredOption('--file <id>', 'the file')
    .action(withServices(show))
  file
    .command('delete')
    .description('delete a file, all files with the same bytes, an upload, or everything')
    .option('--file <id>', 'this file')
    .addOption(new Option('--upload <id>', 'this upload').conflicts('file'))
    .addOption(sha256().conflicts(['file', 'upload']))
    .addOption(new Option('--all', 'every upload').conflicts(['file', 'upload', 'sha256']))
    .option('-y, --yes', 'do not ask before deleting everything')
    .action(withServices(remove))
}

const human = (): Option =>
  new Option('--human [true|false]', 'human-readable sizes; false: in bytes')
    .preset('true')
    .default(true)
    .argParser(yesOrNo)

const sha256 = (): Option =>
  new Option('--sha256 <digest>', 'every file with this SHA-256, in hexadecimal').argParser((text) => {
    if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
    throw new InvalidArgumentError('A SHA-256 has 64 hexadecimal digits.')
  })

interface Selection {
  file?: string
  upload?: string
  sha256?: string
}

interface Entry {
  upload: Upload
  file: StoredFile
}

async function list(services: Services, { human, ...selection }: Selection & { human: boolean }): Promise<Answer> {
  const entries = await select(services, selection)
  const rows = entries.map(rowOf(human ? formatSize : String))
  return {
    json: entries.map((entry) => entryJson(services, entry)),
    text: table(['UPLOAD', 'FILE', 'STATUS', 'SIZE', 'CREATED', 'NAME'], rows),
  }
}

async function select(services: Services, { sha256, ...selection }: Selection): Promise<Entry[]> {
  const entries = await selectByIds(services, selection)
  return sha256 === undefined ? entries : entries.filter(({ file }) => file.sha256 === sha256)
}

async function selectByIds({ uploads, listing }: Services, { file, upload }: Selection): Promise<Entry[]> {
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

const entryJson = ({ baseUrl }: Services, { upload, file }: Entry) => ({
  upload: upload.id,
  ...(upload.userId === null ? {} : { user: upload.userId }),
  ...fileJson(file),
  sha256: file.sha256,
  url: fileUrl(baseUrl, file),
})

async function show(services: Services, { file: id }: { file: string }): Promise<Answer> {
  const { opened, file } = await services.uploads.openFile(id, OPERATOR)
  const json = entryJson(services, { upload: opened.upload, file })
  const rows = Object.entries(json).map(([field, value]) => [field, textOf(value)])
  return { json, text: table(['FIELD', 'VALUE'], rows) }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

async function remove(
  services: Services,
  { file, upload, sha256, all, yes }: Selection & { all?: true; yes?: true },
  command: Command,
): Promise<Answer> {
  const { uploads } = services
  if (file !== undefined) return removeFile(uploads, file)
  if (upload !== undefined) return removeUpload(uploads, upload)
  if (sha256 !== undefined) return removeCopies(services, sha256)
  if (!all) command.error('one of --file, --upload, --sha256 and --all must be given')
  if (!yes && !(await confirm('This deletes every upload. Are you sure? [y/N] ')))
    throw new Error('nothing was deleted; --yes deletes without asking')
  const count = await uploads.removeAll({})
  return { json: { uploads: count }, text: `${count} uploads removed\n` }
}

async function removeUpload(uploads: Services['uploads'], id: string): Promise<Answer> {
  await uploads.remove(await uploads.open(id, OPERATOR))
  return { json: { upload: id }, text: `removed upload ${id}\n` }
}

async function removeFile(uploads: Services['uploads'], id: string): Promise<Answer> {
  const { opened, file } = await uploads.openFile(id, OPERATOR)
  await uploads.removeFile(opened, file)
  return { json: { upload: opened.upload.id, file: id }, text: `removed file ${id}\n` }
}

async function removeCopies(services: Services, sha256: string): Promise<Answer> {
  const copies = (await select(services, { sha256 })).filter(({ file }) => file.status === 'uploaded')
  for (const { file } of copies) await removeFile(services.uploads, file.id)
  return { json: { sha256, files: copies.map(({ file }) => file.id) }, text: `${copies.length} files removed\n` }
}

/** Without a terminal or an answer, returns false. */
async function confirm(question: string): Promise<boolean> {
  process.stderr.write(question)
  for await (const answer of createInterface({ input: process.stdin })) return /^y(es)?$/i.test(answer.trim())
  return false
}
